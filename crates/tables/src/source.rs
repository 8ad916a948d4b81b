//! The content of a file as UTF-8, with a digest of it as it came.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::Error;

const BUFFER: usize = 64 * 1024;
/// How much of a file is looked at to tell what it is.
const HEAD: usize = 256 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// What stands at the start of formats that people take for text.
const NOT_TEXT: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a spreadsheet or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of Excel before 2007"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe\0\0", "text in UTF-32, not in UTF-8"),
    (b"\0\0\xfe\xff", "text in UTF-32, not in UTF-8"),
];
/// Stands for bytes that are nothing in the encoding of a file: a byte that never occurs in
/// UTF-8, so that the row is refused for it.
const BROKEN: u8 = 0xff;

/// The content of a file, unpacked and in UTF-8, digested while it is read.
pub(crate) struct Source {
    content: BufReader<Text>,
}

/// The start of a file, unpacked, in the encoding that it has.
pub(crate) struct Head {
    pub(crate) bytes: Vec<u8>,
}

struct Digested {
    inner: Box<dyn Read + Send>,
    digest: Sha256,
}

impl Read for Digested {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(&buffer[..count]);
        Ok(count)
    }
}

/// Opens a file; it is gzip when it starts like one, whatever its name.
fn unpacked(path: &Path) -> Result<Box<dyn Read + Send>, Error> {
    let open = |source| Error::Open { path: path.to_owned(), source };
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(open)?);
    let start = file.fill_buf().map_err(open)?;
    if start.starts_with(&GZIP) {
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    Ok(Box::new(file))
}

impl Head {
    /// Reads the start of a file. [`Error::NotText`] where it is of another format. Damage
    /// behind the first bytes is told when the rows are read, with its place.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let mut start = unpacked(path)?.take(HEAD as u64);
        if let Err(source) = start.read_to_end(&mut bytes)
            && bytes.is_empty()
        {
            return Err(Error::Read { line: 0, source });
        }
        if let Some((_, format)) = NOT_TEXT.iter().find(|(mark, _)| bytes.starts_with(mark)) {
            return Err(Error::NotText { format });
        }
        if bytes.len() == HEAD {
            // The last line is cut, perhaps within a character.
            let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(HEAD);
            bytes.truncate(end);
        }
        Ok(Self { bytes })
    }

    /// The head in UTF-8, without a byte order mark.
    pub(crate) fn decode(&self, encoding: &'static Encoding) -> Vec<u8> {
        let mut text = Vec::new();
        let inner: Box<dyn Read> = Box::new(Cursor::new(&self.bytes));
        // Reading from memory cannot fail.
        let _ = Coded::new(inner, encoding).read_to_end(&mut text);
        text
    }
}

impl Source {
    /// Opens a file that is in this encoding. A byte order mark is left out.
    pub(crate) fn open(path: &Path, encoding: &'static Encoding) -> Result<Self, Error> {
        let digested = Digested { inner: unpacked(path)?, digest: Sha256::new() };
        let content = BufReader::with_capacity(BUFFER, Text::new(digested, encoding));
        Ok(Self { content })
    }

    /// The SHA-256 of the content as it came, once it has been read to its end.
    pub(crate) fn digest(self) -> [u8; 32] {
        let digested = match self.content.into_inner() {
            Text::Plain { inner, .. } => inner,
            Text::Coded(coded) => coded.inner,
        };
        digested.digest.finalize().into()
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.content.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.content.consume(count);
    }
}

/// What is read of a file: UTF-8 passes as it is.
enum Text {
    Plain { inner: Digested, started: bool },
    Coded(Coded<Digested>),
}

impl Text {
    fn new(inner: Digested, encoding: &'static Encoding) -> Self {
        if encoding == UTF_8 {
            return Self::Plain { inner, started: false };
        }
        Self::Coded(Coded::new(inner, encoding))
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Coded(coded) => coded.read(buffer),
            Self::Plain { inner, started: true } => inner.read(buffer),
            Self::Plain { inner, started } => {
                *started = true;
                let count = fill(inner, buffer)?;
                if !buffer[..count].starts_with(&[0xef, 0xbb, 0xbf]) {
                    return Ok(count);
                }
                buffer.copy_within(3..count, 0);
                if count > 3 { Ok(count - 3) } else { inner.read(buffer) }
            }
        }
    }
}

/// Reads until `buffer` has at least four bytes or the end has come.
fn fill(inner: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len().min(4) {
        match inner.read(&mut buffer[count..])? {
            0 => break,
            more => count += more,
        }
    }
    Ok(count)
}

/// Turns another encoding into UTF-8; [`BROKEN`] stands for what is none of its characters.
struct Coded<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    /// What of `input` is not decoded yet.
    from: usize,
    to: usize,
    output: Vec<u8>,
    /// What of `output` is not read yet.
    read: usize,
    ended: bool,
}

impl<R: Read> Coded<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: vec![0; BUFFER],
            from: 0,
            to: 0,
            output: Vec::new(),
            read: 0,
            ended: false,
        }
    }

    /// Decodes the next piece of the input.
    fn decode(&mut self) -> io::Result<()> {
        let mut last = false;
        if self.from == self.to {
            self.from = 0;
            self.to = self.inner.read(&mut self.input)?;
            last = self.to == 0;
        }
        self.read = 0;
        self.output.resize(BUFFER + 64, 0);
        let input = &self.input[self.from..self.to];
        let output = &mut self.output[..BUFFER];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, output, last);
        self.from += read;
        self.output.truncate(written);
        if let DecoderResult::Malformed(..) = result {
            self.output.push(BROKEN);
        }
        self.ended = last && result == DecoderResult::InputEmpty;
        Ok(())
    }
}

impl<R: Read> Read for Coded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.output.len() && !self.ended {
            self.decode()?;
        }
        let rest = &self.output[self.read..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
    }
}
