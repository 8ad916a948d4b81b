//! Tokens of freshness: whoever writes is given one, and whoever reads with it sees what follows
//! from the write.
//!
//! A token is a place in the change log of one database. The checks in it are a guard against
//! mistakes; nothing in it is secret.

use crate::{Fault, Violation, Violations, deadline};
use kehu_core::check::CheckSystem;
use kehu_storage::{
    Database,
    change_log::{self, Position, Reading},
    identity,
};
use std::time::Duration;
use tokio::time::Instant;

/// What every token begins with; another form of them will begin otherwise.
const FORM: &str = "F";
/// The check at the end of a token: two digits.
const CHECK: CheckSystem = CheckSystem::Mod97_10;
/// Characters of the identity of a database, and of the parts of a position.
const IDENTITY: usize = 16;
const PARTS: [usize; 3] = [4, 12, 4];

/// How often to look without a wake-up.
const POLL: Duration = Duration::from_millis(500);
/// How long to wait in a call without a deadline.
const LONGEST: Duration = Duration::from_secs(30);
/// What is left of the time of a call for its answer: a tenth, and at most so much.
const RESERVE: Duration = Duration::from_secs(1);

/// How fresh a caller wants what it reads.
#[derive(Debug, Clone)]
pub struct Wanted {
    field: &'static str,
    token: Option<Token>,
}

/// A token, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    identity: String,
    position: Position,
}

/// Reads the field of a request that says how fresh, which may be empty.
pub fn parse(field: &'static str, text: &str, violations: &mut Violations) -> Wanted {
    if text.is_empty() {
        return Wanted { field, token: None };
    }
    let token = open(text);
    if token.is_none() {
        violations.add(field, "is not a freshness_token: send it as it was received");
    }
    Wanted { field, token }
}

impl Wanted {
    /// Returns when what is read has considered everything that was written before the token, with
    /// the token of the answer. No connection is held meanwhile. [`Fault::NotFresh`] when the time
    /// of the call is nearly over.
    pub async fn wait(self, db: &Database, reading: Reading) -> Result<String, Fault> {
        let identity = identity::get(db).await?;
        let Some(token) = self.token else {
            return Ok(seal(identity, change_log::considered_through(db, reading).await?));
        };
        let until = Instant::now() + patience();
        let mut followed = db.followed();
        loop {
            let considered = change_log::considered(db, reading).await?;
            if token.identity != identity || token.position > considered.last {
                return Err(foreign(self.field));
            }
            if token.position <= considered.through {
                return Ok(seal(identity, considered.through));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::NotFresh { behind: considered.behind.join(" ") });
            }
            followed.wait(left.min(POLL)).await;
        }
    }
}

/// The token of a write, with its place in the change log; of one that changed nothing, and so has
/// no place, the token of all that was written before.
pub async fn token(db: &Database, position: Option<Position>) -> Result<String, Fault> {
    let position = match position {
        Some(position) => position,
        None => change_log::end(db).await?,
    };
    Ok(seal(identity::get(db).await?, position))
}

/// How long to wait.
fn patience() -> Duration {
    deadline::remaining().map_or(LONGEST, |left| left - (left / 10).min(RESERVE))
}

fn foreign(field: &str) -> Fault {
    let description = "was not given by this database, or by a later state of it than it was \
         restored to: read without it";
    Fault::Invalid(vec![Violation { field: field.to_owned(), description: description.to_owned() }])
}

fn seal(identity: &str, position: Position) -> String {
    let place = position.to_string().replace('.', "").to_ascii_uppercase();
    let payload = format!("{FORM}{identity}{place}");
    let check = CHECK.compute(&payload).expect("digits and letters have a check");
    payload + &check
}

fn open(text: &str) -> Option<Token> {
    if !CHECK.verify(text) {
        return None;
    }
    let rest = text.strip_prefix(FORM)?;
    let (rest, _) = rest.split_at_checked(rest.len() - CHECK.check_len())?;
    let (identity, mut rest) = rest.split_at_checked(IDENTITY)?;
    let mut parts = Vec::new();
    for length in PARTS {
        let (part, after) = rest.split_at_checked(length)?;
        parts.push(part.to_ascii_lowercase());
        rest = after;
    }
    let position = parts.join(".").parse().ok().filter(|_| rest.is_empty())?;
    Some(Token { identity: identity.to_owned(), position })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SELF: &str = "0123456789ABCDEF";

    fn position() -> Position {
        "0001.0000000004d2.0003".parse().unwrap()
    }

    #[test]
    fn a_token_is_read_as_it_was_given() {
        for position in [Position::START, position()] {
            let token = open(&seal(SELF, position)).unwrap();
            assert_eq!(token, Token { identity: SELF.to_owned(), position });
        }
    }

    #[test]
    fn what_is_no_token_is_a_violation() {
        let sealed = seal(SELF, position());
        let cut = &sealed[..sealed.len() - 1];
        let lower = sealed.to_ascii_lowercase();
        let slip = sealed.replace("4D2", "4D3");
        let longer = format!("{}0", &sealed[..sealed.len() - 2]);
        let longer = format!("{longer}{}", CHECK.compute(&longer).unwrap());
        for text in ["F", "00", "客", "\0", cut, &lower, &slip, &longer, &format!(" {sealed}")] {
            let mut violations = Violations::new();
            parse("at_least_as_fresh", text, &mut violations);
            assert!(!violations.is_empty(), "{text:?}");
        }
        let mut violations = Violations::new();
        parse("at_least_as_fresh", "", &mut violations);
        assert!(violations.is_empty(), "nothing is wanted");
    }

    #[tokio::test]
    async fn the_answer_keeps_some_of_the_time() {
        let waits = async |seconds| {
            let until = Instant::now() + Duration::from_secs(seconds);
            deadline::scope(until, async { patience() }).await
        };
        let near = |time: Duration, seconds: f64| (time.as_secs_f64() - seconds).abs() < 0.5;
        assert!(near(waits(10).await, 9.0));
        assert!(near(waits(100).await, 99.0));
        assert_eq!(waits(0).await, Duration::ZERO);
        assert_eq!(patience(), LONGEST);
    }
}
