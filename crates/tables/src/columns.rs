//! The roles that columns play, and where in a row they stand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::mapping::{Mapping, Names};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The source's key of the order; rows with the same one are its lines.
    OrderId,
    /// The source's key of the customer.
    CustomerId,
    /// The date of the order, with or without the time.
    Date,
    /// The time of day, where it stands alone.
    Time,
    /// Product code.
    Product,
    /// Product name.
    Description,
    /// Product category.
    Category,
    /// Brand.
    Brand,
    /// Units; 1 when there is no such column.
    Quantity,
    /// Price of one unit.
    UnitPrice,
    /// Amount of the line after discount.
    Amount,
    /// What was taken off the line.
    Discount,
    /// ISO 4217 currency.
    Currency,
    /// Sales channel.
    Channel,
    /// A status that tells cancelled orders, returns and adjustments apart.
    Status,
    /// Country of the customer: code or name.
    Country,
    /// Province or state of the customer.
    Province,
    /// City of the customer.
    City,
    /// Name of the customer.
    CustomerName,
    /// Kind of customer.
    CustomerType,
    /// Industry of the customer.
    Industry,
    /// A code that the customer has had elsewhere.
    Code,
    /// Of a return, the source's key of the sale that it takes back.
    SaleId,
    /// What one unit cost the enterprise.
    UnitCost,
    /// What the line cost it.
    Cost,
}

/// Roles with the names that columns usually have, folded: letters and digits in lower case.
const USUAL_NAMES: [(Role, &[&str]); 22] = [
    (
        Role::OrderId,
        &[
            "invoiceno",
            "invoice",
            "invoicenumber",
            "invoiceid",
            "orderid",
            "orderno",
            "ordernumber",
            "order",
            "transactionid",
            "basketid",
            "receiptno",
            "receiptid",
            "订单号",
            "订单编号",
            "订单id",
            "发票号",
            "订单编码",
            "訂單編號",
            "訂單號",
            "注文番号",
            "bestellnummer",
            "rechnungsnummer",
        ],
    ),
    (
        Role::CustomerId,
        &[
            "customerid",
            "customerno",
            "customernumber",
            "customercode",
            "customer",
            "clientid",
            "memberid",
            "userid",
            "householdid",
            "客户编号",
            "客户号",
            "客户id",
            "客户编码",
            "会员号",
            "客戶編號",
            "客戶號",
            "顧客番号",
            "顧客id",
            "kundennummer",
        ],
    ),
    (
        Role::Date,
        &[
            "invoicedate",
            "orderdate",
            "orderdatetime",
            "ordertime",
            "transactiondate",
            "transactiontimestamp",
            "transactiontime",
            "purchasedate",
            "datetime",
            "timestamp",
            "date",
            "订单日期",
            "下单时间",
            "下单日期",
            "日期",
            "下單時間",
            "訂單日期",
            "注文日",
            "日付",
            "datum",
            "bestelldatum",
        ],
    ),
    (Role::Time, &["time", "timeofday", "时间", "時間", "時刻", "uhrzeit", "heure", "hora"]),
    (
        Role::Product,
        &[
            "stockcode",
            "productcode",
            "productid",
            "sku",
            "itemcode",
            "itemid",
            "itemno",
            "product",
            "商品编号",
            "商品编码",
            "产品编号",
        ],
    ),
    (
        Role::Description,
        &["description", "productname", "itemname", "productdescription", "商品名称", "产品名称"],
    ),
    (Role::Category, &["category", "productcategory", "类别", "商品类别", "品类"]),
    (Role::Brand, &["brand", "品牌"]),
    (Role::Quantity, &["quantity", "qty", "units", "数量", "數量", "menge"]),
    (Role::UnitPrice, &["unitprice", "price", "单价", "价格", "單價", "単価", "einzelpreis"]),
    (
        Role::Amount,
        &[
            "amount",
            "lineamount",
            "linetotal",
            "salesvalue",
            "sales",
            "revenue",
            "金额",
            "销售额",
            "金額",
            "betrag",
        ],
    ),
    (
        Role::UnitCost,
        &["unitcost", "costprice", "costperunit", "purchaseprice", "成本单价", "单位成本", "进价"],
    ),
    (Role::Cost, &["cost", "linecost", "totalcost", "costamount", "cogs", "成本", "成本金额"]),
    (Role::Currency, &["currency", "currencycode", "币种", "货币"]),
    (Role::Channel, &["channel", "saleschannel", "渠道", "销售渠道"]),
    (Role::Country, &["country", "countrycode", "countryname", "国家", "国家地区"]),
    (Role::Province, &["province", "state", "省份", "省"]),
    (Role::City, &["city", "城市"]),
    (Role::CustomerName, &["customername", "客户名称", "客户姓名", "客戶名稱", "顧客名"]),
    (Role::CustomerType, &["customertype", "客户类型"]),
    (
        Role::Code,
        &[
            "code",
            "existingcode",
            "legacycode",
            "oldcode",
            "customercode",
            "客户代码",
            "原客户编码",
            "旧客户编码",
            "客户编码",
        ],
    ),
    (
        Role::SaleId,
        &[
            "saleid",
            "originalorderid",
            "originalorder",
            "originalinvoice",
            "originalinvoiceno",
            "returnedorder",
            "returnof",
            "原订单号",
            "原订单编号",
            "原單號",
        ],
    ),
];

impl Role {
    /// Its name in a mapping.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrderId => "order_id",
            Self::CustomerId => "customer_id",
            Self::Date => "date",
            Self::Time => "time",
            Self::Product => "product",
            Self::Description => "description",
            Self::Category => "category",
            Self::Brand => "brand",
            Self::Quantity => "quantity",
            Self::UnitPrice => "unit_price",
            Self::Amount => "amount",
            Self::Discount => "discount",
            Self::Currency => "currency",
            Self::Channel => "channel",
            Self::Status => "status",
            Self::Country => "country",
            Self::Province => "province",
            Self::City => "city",
            Self::CustomerName => "customer_name",
            Self::CustomerType => "customer_type",
            Self::Industry => "industry",
            Self::Code => "code",
            Self::SaleId => "sale_id",
            Self::UnitCost => "unit_cost",
            Self::Cost => "cost",
        }
    }
}

/// Where the columns stand in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The names of all columns.
    pub(crate) header: Vec<String>,
    /// The columns of discounts, which add up.
    pub(crate) discounts: Vec<usize>,
    /// The customer's attributes with their columns.
    pub(crate) attributes: Vec<(String, usize)>,
    /// The order's column was found by the name `invoice…`, as in files of the UCI set.
    pub(crate) invoices: bool,
    places: [Option<usize>; ROLES],
}

/// How many roles there are.
const ROLES: usize = Role::Cost as usize + 1;

impl Layout {
    /// Finds the columns that a mapping states, or with none stated those with usual names.
    /// [`Error::Header`] lists all that is missing, [`Error::Twice`] what stands there twice.
    pub(crate) fn find(mapping: &Mapping, header: Vec<String>) -> Result<Self, Error> {
        let mut search = Search { header: &header, missing: Vec::new(), twice: Vec::new() };
        let mut places = BTreeMap::new();
        let mut discounts = Vec::new();
        if mapping.columns.is_empty() {
            places = search.usual();
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
        Ok(Self { header, discounts, attributes, invoices, places: of_role })
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
        let roles = [Role::Quantity, Role::UnitPrice, Role::Amount, Role::UnitCost, Role::Cost];
        let places = roles.into_iter().filter_map(|role| self.place(role));
        places.chain(self.discounts.iter().copied())
    }

    /// The header of a role's column; the role's own name where it has none.
    pub(crate) fn column(&self, role: Role) -> &str {
        self.place(role).map_or(role.name(), |place| &self.header[place])
    }
}

/// The columns whose names are usual, whatever else is missing.
pub(crate) fn usual_places(header: &[String]) -> BTreeMap<Role, usize> {
    Search { header, missing: Vec::new(), twice: Vec::new() }.usual()
}

struct Search<'a> {
    header: &'a [String],
    missing: Vec<String>,
    /// Names that are wanted and stand there more than once.
    twice: Vec<String>,
}

impl Search<'_> {
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

    fn usual(&mut self) -> BTreeMap<Role, usize> {
        let mut places = BTreeMap::new();
        for (role, names) in USUAL_NAMES {
            let place = names.iter().find_map(|name| self.place(|column| fold(column) == *name));
            places.extend(place.map(|place| (role, place)));
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
        let priced = places.contains_key(&Role::Quantity) && places.contains_key(&Role::UnitPrice);
        if priced {
            // What is called amount may be the order's; price and quantity are the line's.
            places.remove(&Role::Amount);
        }
        for (role, names) in USUAL_NAMES.iter().take(3) {
            if !places.contains_key(role) {
                self.missing.push(format!("{} ({})", role.name(), names.join(", ")));
            }
        }
        if !priced && !places.contains_key(&Role::Amount) {
            self.missing.push(
                "quantity (quantity, qty) and unit_price (unitprice, price), or amount".to_owned(),
            );
        }
        places
    }
}

/// Each role that is found by name with the names that do, for people.
pub fn usual_names() -> impl Iterator<Item = (Role, &'static [&'static str])> {
    USUAL_NAMES.into_iter()
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
                let role = USUAL_NAMES.iter().find(|(role, _)| role.name() == name).unwrap().0;
                expected[role as usize] = Some(place);
            }
            assert_eq!(layout.places, expected, "{text}");
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
