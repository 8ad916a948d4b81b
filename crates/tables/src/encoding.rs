//! The encoding of a file: stated, shown by its mark, or found from its bytes.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs::{GBK, WINDOWS_1252};

/// Encodings that are tried in turn where the one that seems likely gives no known header.
const TRIED: [&Encoding; 5] = [GB18030, BIG5, SHIFT_JIS, EUC_KR, WINDOWS_1252];

/// What stands behind year and month in dates, by encoding.
const DATED: [(&Encoding, &str, &str); 5] = [
    (GB18030, "年", "月"),
    (BIG5, "年", "月"),
    (SHIFT_JIS, "年", "月"),
    (EUC_JP, "年", "月"),
    (EUC_KR, "년", "월"),
];

/// The encoding of this name: `utf-8`, `utf-16le`, `gb18030`, `big5`, `shift_jis`,
/// `windows-1252`, and all others of the WHATWG Encoding Standard; `None` for other names.
pub(crate) fn named(name: &str) -> Option<&'static Encoding> {
    let name = if name.eq_ignore_ascii_case("latin-1") { "latin1" } else { name };
    Encoding::for_label(name.as_bytes()).map(superset)
}

/// GBK is read as GB18030, which holds it.
fn superset(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == GBK { GB18030 } else { encoding }
}

/// The encoding that the start of a file shows: a byte order mark, or the zeros of UTF-16.
pub(crate) fn of_mark(start: &[u8]) -> Option<&'static Encoding> {
    match Encoding::for_bom(start) {
        Some((encoding, _)) => Some(encoding),
        None => of_zeros(start),
    }
}

/// UTF-16 without a mark: every other byte of its ASCII characters is zero.
fn of_zeros(start: &[u8]) -> Option<&'static Encoding> {
    let (mut little, mut big, mut pairs) = (0, 0, 0);
    for pair in start.chunks_exact(2) {
        pairs += 1;
        little += usize::from(pair[1] == 0 && is_text(pair[0]));
        big += usize::from(pair[0] == 0 && is_text(pair[1]));
    }
    let (more, less, encoding) =
        if little > big { (little, big, UTF_16LE) } else { (big, little, UTF_16BE) };
    // A header of Chinese names still has its separators; one of ASCII alone has nothing else.
    (more >= 3 && more * 8 >= pairs && less * 20 <= more).then_some(encoding)
}

fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Tells the encoding from lines that are not ASCII, given one after another.
pub(crate) struct Finder {
    detector: EncodingDetector,
    /// Lines that are UTF-8.
    good: u64,
    /// Lines that are not.
    bad: u64,
    /// All that is not ASCII in them may be frequent Chinese characters in pairs of bytes.
    pairs: bool,
    /// The encoding in which one of them has a date.
    dated: Option<&'static Encoding>,
    /// The first word that is not ASCII in them.
    word: Vec<u8>,
}

/// A word in one of the encodings that it may be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The name of the encoding.
    pub encoding: &'static str,
    /// The word.
    pub word: String,
}

impl Reading {
    fn of(encoding: &'static Encoding, word: &[u8]) -> Self {
        let (word, _) = encoding.decode_without_bom_handling(word);
        Self { encoding: encoding.name(), word: word.into_owned() }
    }
}

impl std::fmt::Display for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.word, self.encoding)
    }
}

impl Finder {
    /// A finder that has seen nothing.
    pub(crate) fn new() -> Self {
        let detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        Self { detector, good: 0, bad: 0, pairs: true, dated: None, word: Vec::new() }
    }

    /// Looks at a line.
    pub(crate) fn look_at(&mut self, line: &[u8]) {
        if line.is_ascii() {
            return;
        }
        if std::str::from_utf8(line).is_ok() {
            self.good += 1;
            return;
        }
        self.bad += 1;
        self.dated = self.dated.or_else(|| dated(line));
        for word in words(line) {
            if self.word.is_empty() {
                self.word = word.to_vec();
            }
            self.pairs &= are_pairs(word);
        }
        self.detector.feed(line, false);
        self.detector.feed(b"\n", false);
    }

    /// The likely encoding. With more lines of UTF-8 than others it is that, and the others
    /// are damaged.
    pub(crate) fn likely(&self) -> &'static Encoding {
        if self.good >= self.bad {
            return UTF_8;
        }
        if let Some(encoding) = self.dated {
            return encoding;
        }
        superset(self.detector.guess(None, Utf8Detection::Deny))
    }

    /// The encodings that two words in all may be in with no way to tell which: a few short names,
    /// Chinese to one who reads pairs of bytes, and of another alphabet to one who reads each.
    pub(crate) fn doubt(&self) -> Option<[Reading; 2]> {
        let likely = self.likely();
        if likely == UTF_8 || !likely.is_single_byte() || !self.pairs {
            return None;
        }
        Some([GB18030, likely].map(|encoding| Reading::of(encoding, &self.word)))
    }

    /// Every encoding that the lines may be in, the likely one first.
    pub(crate) fn candidates(&self) -> Vec<&'static Encoding> {
        let likely = self.likely();
        let mut candidates = vec![likely];
        if likely != UTF_8 {
            candidates.extend(TRIED.into_iter().filter(|encoding| *encoding != likely));
        }
        candidates
    }
}

/// The words of a line that are not ASCII alone.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = line.split(|byte| byte.is_ascii() && !byte.is_ascii_alphabetic());
    words.filter(|word| !word.is_ascii())
}

/// The encoding in which a line has a date with the characters for year and month, which in no other
/// one stand between its digits.
fn dated(line: &[u8]) -> Option<&'static Encoding> {
    let written = DATED.into_iter().find(|(encoding, year, month)| {
        let (year, _, _) = encoding.encode(year);
        let (month, _, _) = encoding.encode(month);
        (1..line.len()).any(|place| {
            let (before, behind) = line.split_at(place);
            let Some(behind) = behind.strip_prefix(&*year) else { return false };
            let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
            before.last().is_some_and(u8::is_ascii_digit)
                && digits > 0
                && behind[digits..].starts_with(&month)
        })
    });
    written.map(|(encoding, _, _)| encoding)
}

/// Whether a word is of characters of the first level of GB 2312, which are the frequent ones.
fn are_pairs(word: &[u8]) -> bool {
    word.chunks(2).all(|pair| matches!(pair, [0xb0..=0xd7, 0xa1..=0xfe]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_encodings() {
        for (name, encoding) in [
            ("utf-8", Some(UTF_8)),
            ("UTF-16LE", Some(UTF_16LE)),
            ("gbk", Some(GB18030)),
            ("latin-1", Some(WINDOWS_1252)),
            ("shift_jis", Some(SHIFT_JIS)),
            ("utf-7", None),
        ] {
            assert_eq!(named(name), encoding, "{name}");
        }
    }

    #[test]
    fn lines_tell_the_encoding() {
        for encoding in [GB18030, BIG5, SHIFT_JIS, WINDOWS_1252, UTF_8] {
            let text = match encoding {
                e if e == SHIFT_JIS => "1,田中商店,東京都のお客さま",
                e if e == BIG5 => "1,臺灣電腦公司,臺北市信義區",
                e if e == WINDOWS_1252 => "1,Café Zürich,naïve façade",
                _ => "1,北京商贸有限公司,上海市浦东新区",
            };
            let mut finder = Finder::new();
            finder.look_at(&encoding.encode(text).0);
            assert_eq!(finder.likely(), encoding, "{text}");
        }
    }

    #[test]
    fn a_date_tells_the_encoding() {
        for (encoding, text) in [
            (SHIFT_JIS, "1,a,2024年01月05日 10時20分,10"),
            (encoding_rs::EUC_JP, "1,a,2024年1月5日,10"),
            (BIG5, "1,a,2024年1月5日,10"),
            (GB18030, "1,a,2024年1月5日,10"),
            (EUC_KR, "1,a,2024년1월5일,10"),
        ] {
            let mut finder = Finder::new();
            finder.look_at(&encoding.encode(text).0);
            assert_eq!(finder.likely(), encoding, "{text}");
        }
    }

    #[test]
    fn short_words_that_may_be_in_two_encodings() {
        for (encoding, text, doubt) in [
            (GB18030, "1,王", true),
            (GB18030, "1,王伟,北京商贸有限公司", false),
            (WINDOWS_1252, "1,Müller", false),
            (WINDOWS_1252, "1,ÄÖ", true),
            (encoding_rs::WINDOWS_1251, "1,Ольга", false),
            (encoding_rs::WINDOWS_1251, "1,Иван", false),
            (UTF_8, "1,王", false),
            (UTF_8, "1,x", false),
        ] {
            let mut finder = Finder::new();
            finder.look_at(&encoding.encode(text).0);
            assert_eq!(finder.doubt().is_some(), doubt, "{text} {:?}", finder.doubt());
        }
    }

    #[test]
    fn utf_16_without_a_mark() {
        for (text, little) in
            [("订单号,客户编号,日期,金额\n1,c1,2024-01-05,10\n", true), ("a,b\n1,2\n", false)]
        {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
                .collect();
            assert_eq!(of_mark(&bytes), Some(if little { UTF_16LE } else { UTF_16BE }));
        }
        assert_eq!(of_mark(b"a,b\n1,2\n"), None);
        assert_eq!(of_mark(b"a\0,b\n1,2,a long line with one zero\n"), None);
    }
}
