//! Messages of DNS (RFC 1035, section 4; SRV records: RFC 2782), as far as this server asks for something.

use std::net::IpAddr;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    A,
    Aaaa,
    Srv,
}

impl Query {
    fn code(self) -> u16 {
        match self {
            Query::A => 1,
            Query::Aaaa => 28,
            Query::Srv => 33,
        }
    }
}

/// One record of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    Ip(IpAddr),
    Srv(Srv),
}

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Srv {
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) port: u16,
    /// The host, without a dot at the end.
    pub(crate) target: String,
}

/// An answer to the question that was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// It was too long for UDP.
    pub(super) truncated: bool,
    /// The server could not find out.
    pub(super) failed: bool,
    /// Nothing when the name does not exist.
    pub(super) data: Vec<Data>,
}

const CLASS_INTERNET: u16 = 1;
const RECURSION_DESIRED: u16 = 0x0100;
const RESPONSE: u16 = 0x8000;
const TRUNCATED: u16 = 0x0200;
const NO_SUCH_NAME: u16 = 3;

/// A question; `None` if the name can be none.
pub(super) fn question(id: u16, name: &str, query: Query) -> Option<Vec<u8>> {
    let mut message = Vec::with_capacity(name.len() + 18);
    for field in [id, RECURSION_DESIRED, 1, 0, 0, 0] {
        message.extend(field.to_be_bytes());
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length))?;
        message.push(length);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(query.code().to_be_bytes());
    message.extend(CLASS_INTERNET.to_be_bytes());
    (name.len() <= 253).then_some(message)
}

/// The answer to the question with this id; `None` if the message is something else or broken.
pub(super) fn answer(message: &[u8], id: u16, query: Query) -> Option<Answer> {
    let mut reader = Reader { message, at: 0 };
    let (given, flags) = (reader.u16()?, reader.u16()?);
    let (questions, answers) = (reader.u16()?, reader.u16()?);
    reader.skip(4)?;
    if given != id || flags & RESPONSE == 0 {
        return None;
    }
    for _ in 0..questions {
        reader.name()?;
        reader.skip(4)?;
    }
    let code = flags & 0x000f;
    let truncated = flags & TRUNCATED != 0;
    let mut data = Vec::new();
    for _ in 0..if truncated { 0 } else { answers } {
        data.extend(reader.record(query)?);
    }
    Some(Answer { truncated, failed: !matches!(code, 0 | NO_SUCH_NAME), data })
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip(&mut self, count: usize) -> Option<()> {
        self.at += count;
        (self.at <= self.message.len()).then_some(())
    }

    fn u8(&mut self) -> Option<u8> {
        let byte = *self.message.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.u8()?, self.u8()?]))
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.message.get(self.at..self.at + N)?;
        self.at += N;
        bytes.try_into().ok()
    }

    /// A record if it is of the kind that was asked for: the others tell of aliases on the way.
    fn record(&mut self, query: Query) -> Option<Option<Data>> {
        self.name()?;
        let (kind, class) = (self.u16()?, self.u16()?);
        self.skip(4)?;
        let end = usize::from(self.u16()?) + self.at;
        let data = match query {
            _ if kind != query.code() || class != CLASS_INTERNET => None,
            Query::A => Some(Data::Ip(IpAddr::from(self.bytes::<4>()?))),
            Query::Aaaa => Some(Data::Ip(IpAddr::from(self.bytes::<16>()?))),
            Query::Srv => {
                let (priority, weight, port) = (self.u16()?, self.u16()?, self.u16()?);
                Some(Data::Srv(Srv { priority, weight, port, target: self.name()? }))
            }
        };
        self.at = end;
        (end <= self.message.len()).then_some(data)
    }

    /// A name, whose end may stand elsewhere in the message.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut resume = None;
        // Every jump leads backwards in honest messages; others run into this.
        for _ in 0..128 {
            let length = self.u8()?;
            if length & 0xc0 == 0xc0 {
                let target = usize::from(length & 0x3f) << 8 | usize::from(self.u8()?);
                resume.get_or_insert(self.at);
                self.at = target;
            } else if length == 0 {
                self.at = resume.unwrap_or(self.at);
                return Some(name);
            } else {
                let label = self.message.get(self.at..self.at + usize::from(length))?;
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(&String::from_utf8_lossy(label));
                self.at += usize::from(length);
            }
        }
        None
    }
}
