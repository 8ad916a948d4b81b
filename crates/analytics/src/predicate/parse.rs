//! From text to a syntax tree of limited size.

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::PredicateError;

/// Longest text, in bytes.
const MOST_BYTES: usize = 10_000;
/// Most words, numbers and signs.
const MOST_TOKENS: usize = 2_000;
/// Room for the recursion of the parser and the planner over a tree of the depth that `check`
/// allows, in a build without optimisation.
const STACK_BYTES: usize = 64 << 20;

/// Parses and hands the tree on, all on a thread with a stack of its own: the engine recurses,
/// and what a user wrote must not be able to end the process.
pub(super) fn on_its_own_thread<T: Send>(
    sql: &str,
    work: impl FnOnce(Expr) -> Result<T, PredicateError> + Send,
) -> Result<T, PredicateError> {
    let failed = || PredicateError::new(None, "cannot be understood, write it more simply");
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, || work(parse(sql)?));
        thread.map_err(|_| failed())?.join().map_err(|_| failed())?
    })
}

fn parse(sql: &str) -> Result<Expr, PredicateError> {
    if sql.len() > MOST_BYTES {
        let message = format!("is too long: at most {MOST_BYTES} bytes");
        return Err(PredicateError::new(None, message));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| {
        let position = Some((error.location.line, error.location.column));
        PredicateError::new(position, error.message)
    })?;
    check_size(&tokens)?;
    let mut parser = Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens);
    let expression = parser.parse_expr().map_err(|error| syntax_error(&error))?;
    let rest = parser.peek_token();
    match rest.token {
        Token::EOF => Ok(expression),
        token => {
            let start = rest.span.start;
            let message = format!("expected AND, OR or the end, found {token}");
            Err(PredicateError::new(Some((start.line, start.column)), message))
        }
    }
}

fn check_size(tokens: &[TokenWithSpan]) -> Result<(), PredicateError> {
    let mut words = tokens.iter().filter(|word| !matches!(word.token, Token::Whitespace(_)));
    if words.clone().all(|word| word.token == Token::EOF) {
        return Err(PredicateError::new(None, "is empty: write TRUE if it holds for everyone"));
    }
    let Some(word) = words.nth(MOST_TOKENS) else { return Ok(()) };
    let start = word.span.start;
    let message = format!("is too long: at most {MOST_TOKENS} words and signs");
    Err(PredicateError::new(Some((start.line, start.column)), message))
}

/// The parser writes the position at the end of its text.
fn syntax_error(error: &ParserError) -> PredicateError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => {
            return PredicateError::new(None, "is nested too deeply, use fewer parentheses");
        }
    };
    let Some((message, place)) = text.split_once(" at Line: ") else {
        return PredicateError::new(None, text.clone());
    };
    let position = place
        .split_once(", Column: ")
        .and_then(|(line, column)| Some((line.trim().parse().ok()?, column.trim().parse().ok()?)));
    PredicateError::new(position, message)
}
