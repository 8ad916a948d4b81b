//! The contract compiled: messages, clients and server traits of `proto/`, and nothing else.
//! The protos carry the documentation.
#![expect(clippy::all, clippy::pedantic, reason = "generated code follows its own style")]

/// Files of `google.*` that the contract uses.
pub mod google {
    /// Dates, decimals and money.
    pub mod r#type {
        tonic::include_proto!("google.r#type");
    }
    /// Status and error details.
    pub use tonic_types::pb as rpc;
}

/// Packages of Kehu.
pub mod kehu {
    /// Types shared by every service.
    pub mod r#type {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kehu.r#type.v1");
        }
    }
    /// Error reasons.
    pub mod error {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kehu.error.v1");
        }
    }
    /// Long jobs.
    pub mod run {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kehu.run.v1");
        }
    }
    /// Records in.
    pub mod ingestion {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kehu.ingestion.v1");
        }
    }
    /// Features and scores.
    pub mod scoring {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kehu.scoring.v1");
        }
    }
    /// Classes and codes.
    pub mod coding {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kehu.coding.v1");
        }
    }
    /// Reports.
    pub mod reporting {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kehu.reporting.v1");
        }
    }
}

pub use kehu::{
    coding::v1 as coding, error::v1 as error, ingestion::v1 as ingestion,
    reporting::v1 as reporting, run::v1 as run, scoring::v1 as scoring, r#type::v1 as shared,
};

/// The descriptor set of the whole contract, for server reflection and contract tests.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
