//! The contract compiled: messages, clients and server traits of `proto/`, and nothing else.
//! The protos carry the documentation. Without the feature `services` there are the messages of
//! records alone.
#![expect(clippy::all, clippy::pedantic, reason = "generated code follows its own style")]

/// Files of `google.*` that the contract uses.
pub mod google {
    /// Dates, decimals and money.
    pub mod r#type {
        include!(concat!(env!("OUT_DIR"), "/google.r#type.rs"));
    }
    /// Status and error details.
    #[cfg(feature = "services")]
    pub use tonic_types::pb as rpc;
}

/// Packages of Kehu.
pub mod kehu {
    /// Types shared by every service.
    pub mod r#type {
        /// Version 1.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/kehu.r#type.v1.rs"));
        }
    }
    /// Error reasons.
    #[cfg(feature = "services")]
    pub mod error {
        /// Version 1.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/kehu.error.v1.rs"));
        }
    }
    /// Long jobs.
    #[cfg(feature = "services")]
    pub mod run {
        /// Version 1.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/kehu.run.v1.rs"));
        }
    }
    /// Records in.
    pub mod ingestion {
        /// Version 1.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/kehu.ingestion.v1.rs"));
        }
    }
    /// Features and scores.
    #[cfg(feature = "services")]
    pub mod scoring {
        /// Version 1.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/kehu.scoring.v1.rs"));
        }
    }
    /// Classes and codes.
    #[cfg(feature = "services")]
    pub mod coding {
        /// Version 1.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/kehu.coding.v1.rs"));
        }
    }
    /// Reports.
    #[cfg(feature = "services")]
    pub mod reporting {
        /// Version 1.
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/kehu.reporting.v1.rs"));
        }
    }
}

#[cfg(feature = "services")]
pub use kehu::{
    coding::v1 as coding, error::v1 as error, reporting::v1 as reporting, run::v1 as run,
    scoring::v1 as scoring,
};
pub use kehu::{ingestion::v1 as ingestion, r#type::v1 as shared};

/// The descriptor set of the whole contract, for server reflection and contract tests.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
