//! The names of months, in the languages that files from Europe are in.

use super::cursor::Cursor;

/// The names of each month, January first: in English, German, French, Spanish, Italian,
/// Portuguese and Dutch, and what they are shortened to. None of them is two months.
const NAMES: [&str; 12] = [
    "january jan januar jänner jän janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar feber février fevrier févr fevr fév febrero febbraio fevereiro fev \
     februari",
    "march mar märz maerz mär mrz mars marzo março marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug août aout aoû agosto ago augustus",
    "september sep sept septembre septiembre setiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre decembre déc diciembre dic dicembre dezembro",
];

/// A month by its name, whatever its case, with a point behind or not; its number.
pub(super) fn month_name(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut rest = *cursor;
    let mut word = String::new();
    while let Some(letter) = rest.eat(char::is_alphabetic) {
        word.extend(letter.to_lowercase());
    }
    if word.is_empty() {
        return None;
    }
    let number = (1..).zip(NAMES).find(|(_, names)| names.split_whitespace().any(|it| it == word));
    let (number, _) = number?;
    rest.eat(|c| c == '.');
    *cursor = rest;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_that_of_two_months() {
        let mut names: Vec<&str> = NAMES.iter().flat_map(|it| it.split_whitespace()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
