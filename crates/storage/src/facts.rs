//! Facts as analytics reads them: orders, lines and customers in columns.
