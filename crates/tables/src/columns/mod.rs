//! The roles that columns play, and where in a row they stand.

mod role;
mod usual;

use std::collections::BTreeMap;

use crate::Error;
use crate::mapping::{Mapping, Names};
use crate::row::Row;

pub use role::Role;
pub use usual::{Column, FileKind};

/// Where the columns stand in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// What its records are.
    pub(crate) kind: FileKind,
    /// The names of all columns.
    pub(crate) header: Vec<String>,
    /// The columns of discounts, which add up.
    pub(crate) discounts: Vec<usize>,
    /// The customer's attributes with their columns.
    pub(crate) attributes: Vec<(String, usize)>,
    /// The order's column was found by the name `invoice…`, as in files of the UCI set.
    pub(crate) invoices: bool,
    places: [Option<usize>; ROLES],
    /// What holds for all rows.
    constants: Vec<(Role, String)>,
}

/// How many roles there are.
const ROLES: usize = Role::Rate as usize + 1;
/// A customer's key alone is no header of customers: so many columns must be known.
const KNOWN: usize = 2;

impl Layout {
    /// Finds the columns that a mapping states, or with none stated those with usual names.
    /// [`Error::Header`] lists all that is missing, [`Error::Twice`] what stands there twice.
    pub(crate) fn find(mapping: &Mapping, header: Vec<String>) -> Result<Self, Error> {
        let kind = kind_of(mapping, &header);
        let mut search = Search::new(&header);
        let mut places = BTreeMap::new();
        let mut discounts = Vec::new();
        if mapping.columns.is_empty() {
            places = search.usual(kind, mapping);
        }
        for (role, names) in &mapping.columns {
            match (role, names) {
                (Role::Discount, names) => {
                    discounts.extend(names.all().iter().filter_map(|name| search.stated(name)));
                }
                (role, Names::One(name)) => {
                    places.extend(search.stated(name).map(|place| (*role, place)));
                }
                (_, Names::Several(_)) => {}
            }
        }
        let mut attributes = Vec::new();
        for (attribute, name) in &mapping.attributes {
            attributes.extend(search.stated(name).map(|place| (attribute.clone(), place)));
        }
        let Search { missing, twice, .. } = search;
        if !missing.is_empty() {
            return Err(Error::Header { missing, found: header, encoding: None });
        }
        if !twice.is_empty() {
            return Err(Error::Twice(twice));
        }
        let order = places.get(&Role::OrderId).map(|place| fold(&header[*place]));
        let invoices =
            mapping.columns.is_empty() && order.is_some_and(|name| name.starts_with("invoice"));
        let mut of_role = [None; ROLES];
        for (role, place) in places {
            of_role[role as usize] = Some(place);
        }
        let constants = mapping.constants.clone().into_iter().collect();
        Ok(Self { kind, header, discounts, attributes, invoices, places: of_role, constants })
    }

    /// The cell of a role, or what the mapping states for all rows; the empty text without either.
    pub(crate) fn cell<'a>(&'a self, row: &'a Row, role: Role) -> &'a str {
        match self.place(role) {
            Some(place) => row.cell(place),
            None => self.constant(role).unwrap_or_default(),
        }
    }

    /// What the mapping states for all rows.
    pub(crate) fn constant(&self, role: Role) -> Option<&str> {
        let stated = self.constants.iter().find(|(of, _)| *of == role);
        stated.map(|(_, value)| value.as_str())
    }

    /// The column of a role.
    pub(crate) fn place(&self, role: Role) -> Option<usize> {
        self.places[role as usize]
    }

    /// How many columns there are up to the last one with a name.
    pub(crate) fn named(&self) -> usize {
        self.header.iter().rposition(|name| !name.is_empty()).map_or(0, |place| place + 1)
    }

    /// The names of columns that nothing is read of.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &str> {
        let columns = self.header.iter().enumerate().filter(|(place, name)| {
            let read = self.places.contains(&Some(*place))
                || self.discounts.contains(place)
                || self.attributes.iter().any(|(_, of)| of == place);
            !name.is_empty() && !read
        });
        columns.map(|(_, name)| name.as_str())
    }

    /// The columns that hold numbers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        let roles = self.kind.columns().map(|column| column.role).filter(|role| role.is_number());
        let places = roles.filter_map(|role| self.place(role));
        places.chain(self.discounts.iter().copied())
    }

    /// The roles of the columns that hold dates.
    pub(crate) fn dates(&self) -> impl Iterator<Item = Role> {
        let roles = self.kind.columns().map(|column| column.role).filter(|role| role.is_date());
        roles.filter(|role| self.place(*role).is_some())
    }

    /// The header of a role's column; the role's own name where it has none.
    pub(crate) fn column(&self, role: Role) -> &str {
        self.place(role).map_or(role.name(), |place| &self.header[place])
    }
}

/// The columns whose names are usual in files of a kind, whatever else is missing.
pub(crate) fn usual_places(kind: FileKind, header: &[String]) -> BTreeMap<Role, usize> {
    Search::new(header).usual(kind, &Mapping::default())
}

/// What the records of a file with this header are: what the mapping says, or else the kind of
/// which most columns are known by their names.
pub(crate) fn kind_of(mapping: &Mapping, header: &[String]) -> FileKind {
    if let Some(kind) = mapping.kind {
        return kind;
    }
    if !mapping.columns.is_empty() {
        return FileKind::Orders;
    }
    let mut best = (0, false, FileKind::Orders);
    for kind in FileKind::ALL {
        let mut search = Search::new(header);
        let known = search.usual(kind, mapping).len();
        let whole = search.missing.is_empty() && known >= KNOWN;
        let better = match best {
            // What was read as orders before other kinds were known still is.
            (most, true, FileKind::Orders) => whole && known > most,
            (most, other_whole, _) => (known, whole) > (most, other_whole),
        };
        if better {
            best = (known, whole, kind);
        }
    }
    best.2
}

struct Search<'a> {
    header: &'a [String],
    missing: Vec<String>,
    /// Names that are wanted and stand there more than once.
    twice: Vec<String>,
}

impl<'a> Search<'a> {
    fn new(header: &'a [String]) -> Self {
        Self { header, missing: Vec::new(), twice: Vec::new() }
    }

    /// The column with exactly this name, or else with the same letters and digits.
    fn stated(&mut self, name: &str) -> Option<usize> {
        let exact = self.place(|column| column == name.trim());
        let place = exact.or_else(|| self.place(|column| fold(column) == fold(name)));
        if place.is_none() {
            self.missing.push(format!("the column {name:?} of the mapping"));
        }
        place
    }

    /// The column of this name. Of two nobody can tell which is meant.
    fn place(&mut self, wanted: impl Fn(&str) -> bool) -> Option<usize> {
        let mut places = self.header.iter().enumerate().filter(|(_, column)| wanted(column));
        let (place, name) = places.next()?;
        if places.next().is_some() && !self.twice.contains(name) {
            self.twice.push(name.clone());
        }
        Some(place)
    }

    fn usual(&mut self, kind: FileKind, mapping: &Mapping) -> BTreeMap<Role, usize> {
        let mut places = BTreeMap::new();
        for Column { role, names, .. } in kind.columns() {
            let place = names.iter().find_map(|name| self.place(|column| fold(column) == *name));
            places.extend(place.map(|place| (*role, place)));
        }
        // A time without a date beside it is a date with its time.
        if !places.contains_key(&Role::Date)
            && let Some(place) = places.remove(&Role::Time)
        {
            places.insert(Role::Date, place);
        }
        // A column has one role: what names the customer is no code beside that.
        if places.get(&Role::Code) == places.get(&Role::CustomerId) {
            places.remove(&Role::Code);
        }
        for Column { role, names, .. } in kind.needed() {
            if !places.contains_key(role) && !mapping.constants.contains_key(role) {
                self.missing.push(format!("{} ({})", role.name(), names.join(", ")));
            }
        }
        if kind == FileKind::Orders {
            self.price(&mut places);
        }
        places
    }

    /// What is called amount may be the order's; price and quantity are the line's.
    fn price(&mut self, places: &mut BTreeMap<Role, usize>) {
        if places.contains_key(&Role::Quantity) && places.contains_key(&Role::UnitPrice) {
            places.remove(&Role::Amount);
        } else if !places.contains_key(&Role::Amount) {
            let text = "quantity (quantity, qty) and unit_price (unitprice, price), or amount";
            self.missing.push(text.to_owned());
        }
    }
}

/// A name without case, spaces and punctuation.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn usual_headers() {
        for (text, roles) in [
            (
                "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
                "order_id product description quantity date unit_price customer_id country",
            ),
            (
                "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
                "order_id product description quantity date unit_price customer_id country",
            ),
            (
                "订单号,客户编号,下单时间,商品名称,金额",
                "order_id customer_id date description amount",
            ),
            ("order,customer,date,time,amount", "order_id customer_id date time amount"),
            ("order,customer,time,amount", "order_id customer_id date amount"),
            (
                "order_id,user-id,date,qty,price,amount",
                "order_id customer_id date quantity unit_price",
            ),
        ] {
            let layout = Layout::find(&Mapping::default(), header(text)).unwrap();
            let mut expected = [None; ROLES];
            for (place, name) in roles.split(' ').enumerate() {
                let columns = FileKind::Orders.columns();
                let role = columns.map(|it| it.role).find(|role| role.name() == name).unwrap();
                expected[role as usize] = Some(place);
            }
            assert_eq!(layout.places, expected, "{text}");
        }
    }

    #[test]
    fn the_kind_of_a_file_is_that_of_most_columns() {
        for (text, kind) in [
            ("客户编号,客户名称,行业,省份,联系电话", FileKind::Customers),
            ("客户编号,客户名称,城市", FileKind::Customers),
            ("Customer ID,Name,City", FileKind::Customers),
            ("order,customer,date,total", FileKind::Orders),
            ("订单编号,客户编号,客户名称,下单日期,金额", FileKind::Orders),
            ("InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID,Country", FileKind::Orders),
            ("Invoice No,Customer ID,Invoice Date,Due Date,Amount,Paid On", FileKind::Invoices),
            ("发票号码,客户编号,开票日期,到期日,发票金额,收款日期", FileKind::Invoices),
            ("客户编号,联系时间,沟通方式,沟通内容", FileKind::Interactions),
            ("customer_id,response_date,measure,score,comment", FileKind::Surveys),
            ("客户编号,评估日期,有效期至,评分,评估人,依据", FileKind::Assessments),
            ("币种,生效日期,汇率", FileKind::ExchangeRates),
            ("Customer", FileKind::Orders),
            ("id,name,date", FileKind::Orders),
        ] {
            assert_eq!(kind_of(&Mapping::default(), &header(text)), kind, "{text}");
        }
    }

    #[test]
    fn a_name_that_stands_twice() {
        let Err(Error::Twice(names)) =
            Layout::find(&Mapping::default(), header("order,customer,date,Amount,amount,x,x"))
        else {
            panic!("a header problem");
        };
        assert_eq!(names, ["Amount"]);
    }

    #[test]
    fn a_header_that_lacks_columns() {
        let Err(Error::Header { missing, found, .. }) =
            Layout::find(&Mapping::default(), header("id,name,date"))
        else {
            panic!("a header problem");
        };
        assert_eq!(missing.len(), 3, "{missing:?}");
        assert_eq!(found, ["id", "name", "date"]);
        let mapping = Mapping::parse(
            "columns = { order_id = \"o\", customer_id = \"Client\", date = \"D\", amount = \"A\" }",
        );
        let error = Layout::find(&mapping.unwrap(), header("o,client,x,y")).unwrap_err();
        let text = "the header lacks the column \"D\" of the mapping, the column \"A\" of the \
                    mapping; it has o, client, x, y";
        assert_eq!(error.to_string(), text);
    }
}
