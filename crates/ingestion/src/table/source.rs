//! The bytes of a file, plain or gzip, with a digest of them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::Error;

const BUFFER: usize = 64 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// The content of a file, unpacked, that is digested while it is read.
pub(super) struct Source {
    content: BufReader<Digested<Box<dyn Read + Send>>>,
}

struct Digested<R> {
    inner: R,
    digest: Sha256,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(&buffer[..count]);
        Ok(count)
    }
}

impl Source {
    /// Opens a file; it is gzip when it starts like one, whatever its name. A byte order mark
    /// of UTF-8 is left out.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let open = |source| Error::Open { path: path.to_owned(), source };
        let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(open)?);
        let start = file.fill_buf().map_err(open)?;
        let inner: Box<dyn Read + Send> = if start.starts_with(&GZIP) {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let digested = Digested { inner, digest: Sha256::new() };
        let mut content = BufReader::with_capacity(BUFFER, digested);
        let start = content.fill_buf().map_err(open)?;
        if UTF16_MARKS.iter().any(|mark| start.starts_with(mark)) {
            return Err(Error::Utf16);
        }
        if start.starts_with(&UTF8_MARK) {
            content.consume(UTF8_MARK.len());
        }
        Ok(Self { content })
    }

    /// The SHA-256 of the content, once it has been read to its end.
    pub(super) fn digest(self) -> [u8; 32] {
        self.content.into_inner().digest.finalize().into()
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
