//! Why a caller cannot be believed.

/// What is wrong with the credentials of a call. Says nothing of what they contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialProblem {
    /// There are none.
    #[error("the call has no credentials: send a bearer token or a client certificate")]
    Missing,
    /// The header or the token is not built as it must be.
    #[error("the authorization is not \"Bearer\" and a signed JWT")]
    Malformed,
    /// No key of the set is the one that the token names.
    #[error("the token's key is not known here")]
    UnknownKey,
    /// The token is not signed with the algorithm of its key.
    #[error("the token is not signed with the algorithm of its key")]
    WrongAlgorithm,
    /// The signature is not that of the key.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// The token has expired.
    #[error("the token has expired: get a new one")]
    Expired,
    /// The token is not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token is for somebody else.
    #[error("the token is for another audience")]
    WrongAudience,
    /// The token is from somebody else.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// One of `sub`, `exp`, `aud` and, where an issuer is configured, `iss` is not in the token.
    #[error("the token lacks sub, exp, aud or iss")]
    MissingClaim,
    /// No name of the client's certificate was given any scope.
    #[error("the client certificate has no name that is known here")]
    UnknownCertificate,
}

impl CredentialProblem {
    /// Every one.
    pub(crate) const ALL: [Self; 11] = [
        Self::Missing,
        Self::Malformed,
        Self::UnknownKey,
        Self::WrongAlgorithm,
        Self::BadSignature,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongAudience,
        Self::WrongIssuer,
        Self::MissingClaim,
        Self::UnknownCertificate,
    ];

    /// The stable word for programs, in the metadata `why` of the error: `wrong_audience`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::BadSignature => "bad_signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongAudience => "wrong_audience",
            Self::WrongIssuer => "wrong_issuer",
            Self::MissingClaim => "missing_claim",
            Self::UnknownCertificate => "unknown_certificate",
        }
    }
}
