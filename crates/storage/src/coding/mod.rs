//! The tables that coding owns: taxonomies, classes, code schemes, codes.
