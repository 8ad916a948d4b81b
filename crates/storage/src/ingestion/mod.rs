//! The tables that ingestion owns: sources, customers, orders, rates, rejects, streams.
