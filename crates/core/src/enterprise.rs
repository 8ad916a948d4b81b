//! The size of an enterprise: the measures of the National Bureau of Statistics of China for large,
//! medium, small and micro enterprises of 2017 (统计上大中小微型企业划分办法（2017）, 国统字〔2017〕213号).
//!
//! Each industry has one or two measures: people employed, the revenue of a year, total assets. An
//! enterprise is of the greatest size whose lower bounds it reaches in all of them, and micro when it
//! misses those of a small one in any.

use rust_decimal::Decimal;

/// The size of an enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// 微型.
    Micro,
    /// 小型.
    Small,
    /// 中型.
    Medium,
    /// 大型.
    Large,
}

impl Size {
    /// Its name in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Micro => "micro",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// What is known of an enterprise.
#[derive(Debug, Clone, Copy, Default)]
pub struct Enterprise {
    /// People employed (从业人员).
    pub employees: Option<Decimal>,
    /// The revenue of a year (营业收入), in yuan.
    pub revenue: Option<Decimal>,
    /// Total assets (资产总额), in yuan.
    pub assets: Option<Decimal>,
}

/// A measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// People.
    Employees,
    /// Ten thousand yuan.
    Revenue,
    /// Ten thousand yuan.
    Assets,
}

use Measure::{Assets, Employees, Revenue};

/// The least of a small, a medium and a large enterprise.
type Bounds = (Measure, [u32; 3]);

/// The industries by the codes that theirs begin with, and their measures.
const TABLE: &[(&str, &[Bounds])] = &[
    // 农、林、牧、渔业
    ("A", &[(Revenue, [50, 500, 20_000])]),
    // 工业: 采矿业, 制造业, 电力、热力、燃气及水生产和供应业
    ("B", INDUSTRY),
    ("C", INDUSTRY),
    ("D", INDUSTRY),
    // 建筑业
    ("E", &[(Revenue, [300, 6_000, 80_000]), (Assets, [300, 5_000, 80_000])]),
    // 批发业
    ("F51", &[(Employees, [5, 20, 200]), (Revenue, [1_000, 5_000, 40_000])]),
    // 零售业
    ("F52", &[(Employees, [10, 50, 300]), (Revenue, [100, 500, 20_000])]),
    // 交通运输业: 道路, 水上, 航空, 管道运输业, 多式联运和运输代理业, 装卸搬运; 不包括铁路运输业
    ("G54", TRANSPORT),
    ("G55", TRANSPORT),
    ("G56", TRANSPORT),
    ("G57", TRANSPORT),
    ("G58", TRANSPORT),
    ("G591", TRANSPORT),
    // 仓储业
    ("G592", STORAGE),
    ("G593", STORAGE),
    ("G594", STORAGE),
    ("G595", STORAGE),
    ("G596", STORAGE),
    ("G599", STORAGE),
    // 邮政业
    ("G60", &[(Employees, [20, 300, 1_000]), (Revenue, [100, 2_000, 30_000])]),
    // 住宿业, 餐饮业
    ("H61", LODGING),
    ("H62", LODGING),
    // 信息传输业: 电信、广播电视和卫星传输服务, 互联网和相关服务
    ("I63", TRANSMISSION),
    ("I64", TRANSMISSION),
    // 软件和信息技术服务业
    ("I65", &[(Employees, [10, 100, 300]), (Revenue, [50, 1_000, 10_000])]),
    // 房地产开发经营
    ("K701", &[(Revenue, [100, 1_000, 200_000]), (Assets, [2_000, 5_000, 10_000])]),
    // 物业管理
    ("K702", &[(Employees, [100, 300, 1_000]), (Revenue, [500, 1_000, 5_000])]),
    // 租赁和商务服务业
    ("L", &[(Employees, [10, 100, 300]), (Assets, [100, 8_000, 120_000])]),
    // 其他未列明行业: 房地产中介服务, 其他房地产业, 科学研究和技术服务业, 水利、环境和公共设施管理业,
    // 居民服务、修理和其他服务业, 社会工作, 文化、体育和娱乐业
    ("K703", OTHER),
    ("K709", OTHER),
    ("M", OTHER),
    ("N", OTHER),
    ("O", OTHER),
    ("Q85", OTHER),
    ("R", OTHER),
];

const INDUSTRY: &[Bounds] = &[(Employees, [20, 300, 1_000]), (Revenue, [300, 2_000, 40_000])];
const TRANSPORT: &[Bounds] = &[(Employees, [20, 300, 1_000]), (Revenue, [200, 3_000, 30_000])];
const STORAGE: &[Bounds] = &[(Employees, [20, 100, 200]), (Revenue, [100, 1_000, 30_000])];
const LODGING: &[Bounds] = &[(Employees, [10, 100, 300]), (Revenue, [100, 2_000, 10_000])];
const TRANSMISSION: &[Bounds] = &[(Employees, [10, 100, 2_000]), (Revenue, [100, 1_000, 100_000])];
const OTHER: &[Bounds] = &[(Employees, [10, 100, 300])];

/// The size of an enterprise of an industry, a code of GB/T 4754-2017. `None` where the measures do
/// not cover the industry or its code does not say which of several it is, and where a figure that
/// it takes is not known, unless another one makes the enterprise micro.
pub fn size(industry: &str, enterprise: &Enterprise) -> Option<Size> {
    let (_, bounds) = TABLE.iter().find(|(code, _)| industry.starts_with(code))?;
    let sizes: Vec<Option<Size>> =
        bounds.iter().map(|bounds| reached(bounds, enterprise)).collect();
    if sizes.contains(&Some(Size::Micro)) {
        return Some(Size::Micro);
    }
    let sizes: Option<Vec<Size>> = sizes.into_iter().collect();
    sizes?.into_iter().min()
}

/// The size whose lower bound one figure reaches.
fn reached((measure, least): &Bounds, enterprise: &Enterprise) -> Option<Size> {
    const TEN_THOUSAND: u64 = 10_000;
    let (figure, unit) = match measure {
        Measure::Employees => (enterprise.employees?, 1),
        Measure::Revenue => (enterprise.revenue?, TEN_THOUSAND),
        Measure::Assets => (enterprise.assets?, TEN_THOUSAND),
    };
    let sizes = [Size::Small, Size::Medium, Size::Large].into_iter().zip(least);
    let reached = sizes.rev().find(|(_, least)| figure >= Decimal::from(u64::from(**least) * unit));
    Some(reached.map_or(Size::Micro, |(size, _)| size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: u64) -> Option<Decimal> {
        Some(value.into())
    }

    /// Figures far above every bound.
    fn giant() -> Enterprise {
        let most = number(1_000_000_000_000);
        Enterprise { employees: most, revenue: most, assets: most }
    }

    fn with(measure: Measure, figure: Decimal) -> Enterprise {
        let figure = Some(figure);
        match measure {
            Measure::Employees => Enterprise { employees: figure, ..giant() },
            Measure::Revenue => Enterprise { revenue: figure, ..giant() },
            Measure::Assets => Enterprise { assets: figure, ..giant() },
        }
    }

    #[test]
    fn each_bound_of_each_industry_at_it_and_on_both_sides() {
        let sizes = [Size::Micro, Size::Small, Size::Medium, Size::Large];
        for (code, bounds) in TABLE {
            assert_eq!(size(code, &giant()), Some(Size::Large), "{code}");
            for (measure, least) in *bounds {
                let unit = if *measure == Measure::Employees { 1 } else { 10_000_u64 };
                for (place, bound) in least.iter().enumerate() {
                    let at = Decimal::from(u64::from(*bound) * unit);
                    let step = Decimal::new(1, if unit == 1 { 0 } else { 4 });
                    for (figure, expected) in [
                        (at - step, sizes[place]),
                        (at, sizes[place + 1]),
                        (at + step, sizes[place + 1]),
                    ] {
                        let found = size(code, &with(*measure, figure));
                        assert_eq!(found, Some(expected), "{code} {measure:?} {figure}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_table_names_codes_that_there_are() {
        for (code, _) in TABLE {
            assert!(
                crate::industry::parse(code).is_some_and(|found| found.code == *code),
                "{code}"
            );
        }
    }

    #[test]
    fn what_is_not_known_or_not_covered() {
        let people = |employees| Enterprise { employees, ..Enterprise::default() };
        for (industry, enterprise, expected) in [
            // A manufacturer of 300 people: medium if its revenue is, which nobody knows.
            ("C2611", people(number(300)), None),
            ("C2611", people(number(19)), Some(Size::Micro)),
            ("M74", people(number(300)), Some(Size::Large)),
            ("M", people(None), None),
            ("J66", giant(), None),
            ("P", giant(), None),
            ("Q84", giant(), None),
            ("G53", giant(), None),
            // Wholesale or retail, development or management of property?
            ("F", giant(), None),
            ("K70", giant(), None),
            ("K704", giant(), None),
        ] {
            assert_eq!(size(industry, &enterprise), expected, "{industry} {enterprise:?}");
        }
    }
}
