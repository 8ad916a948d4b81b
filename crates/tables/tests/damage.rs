//! Whatever a file holds, reading it ends, and gives the same records again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_tables::{Mapping, ReadBatch, Table};
use proptest::prelude::*;

/// Good files, of which the tests damage copies.
const GOOD: [&str; 4] = [
    "order_id,customer_id,date,quantity,unit_price,country\n1,c1,2024-01-05,2,\"1,234.50\",FR\n\
     1,c1,2024-01-05 10:00,-1,2.5,FR\n2,\"c \"\"2\"\"\",20240106T083000Z,1E3,.5,\n",
    "sep=;\r\norder_id;customer_id;date;amount\r\n1;=\"007\";31.01.2024;1.234,50 €\r\n\
     2;ｃ２;1/2/24;(5,00)\r\n",
    "订单号\t客户编号\t日期\t金额\n1\t客户1\t2024年1月5日下午3时\t￥12.50\n2\tn/a\t2024-W01-5\t12%\n",
    "Sales\n\norder no|customer|date|amount|status\n1|a|Jan 5, 2024|1'234|\n,,\n1|A|40912|- 5-|x\n",
];

fn read(content: &[u8], mapping: &str) -> Option<Vec<ReadBatch>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, content).unwrap();
    let table = Table::scan(&path, Mapping::parse(mapping).unwrap()).ok()?;
    let lines = table.lines();
    let mut reader = table.read("Europe/Berlin", "EUR").unwrap();
    let batches: Vec<ReadBatch> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(reader.profile().lines, lines);
    Some(batches)
}

fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), prop::option::of(any::<u8>()), 0..3_usize);
    (0..GOOD.len(), prop::collection::vec(change, 0..12)).prop_map(|(good, changes)| {
        let mut content = GOOD[good].as_bytes().to_vec();
        for (place, byte, kind) in changes {
            let place = place.index(content.len());
            match (kind, byte) {
                (0, Some(byte)) => content[place] = byte,
                (1, Some(byte)) => content.insert(place, byte),
                // A piece of the file once more.
                (2, _) => content.extend_from_within(place..),
                _ => content.truncate(place.max(1)),
            }
        }
        content
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files(content in damaged()) {
        let first = read(&content, "");
        prop_assert_eq!(first, read(&content, ""));
    }

    #[test]
    fn any_bytes(content in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&content, "");
        let header = b"order_id,customer_id,date,quantity,unit_price\n";
        for mapping in ["", "encoding = \"gb18030\"", "date_formats = [\"excel\", \"%Y%m%d\", \"%s\"]"] {
            read(&[header, content.as_slice()].concat(), mapping);
        }
    }

    #[test]
    fn any_cells(cells in prop::collection::vec("[-+()0-9.,' eE%€$A-Z年月日/:TZ\u{a0}]{0,12}", 4)) {
        let row = cells.join("\t");
        let content = format!("date\tquantity\tunit_price\tdiscount\torder_id\tcustomer_id\n{row}\t1\tc\n");
        read(content.as_bytes(), "delimiter = \"\\t\"");
        let stated = "date_formats = [\"excel\", \"excel-1904\", \"unix-ms\", \"%s\", \"%Y%m%d\"]";
        read(content.as_bytes(), stated);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(seed in any::<u64>()) {
        let mut rows: Vec<String> = Vec::new();
        for line in 0..30_u64 {
            let (order, customer, day) = (line % 7, line % 7 + line / 29, line % 7 + line / 28 + 1);
            let amount = if line % 5 == 0 { "-3" } else { "2,5" };
            rows.push(format!("{order};c{customer};{day:02}/02/2024;{amount};web{line};City{line}"));
        }
        rows.push("8;x;25/02/2024;1;;".to_owned());
        let sum = |rows: &[String]| {
            let header = "order_id;customer_id;date;amount;channel;city\n";
            let content = format!("{header}{}\n", rows.join("\n"));
            let mut orders = Vec::new();
            let batches = read(content.as_bytes(), "").unwrap();
            for batch in &batches {
                for order in &batch.orders {
                    orders.push(format!("{} {} {} {}", order.kind, order.lines, order.amount, order.at));
                }
            }
            orders.sort();
            orders
        };
        let given = sum(&rows);
        prop_assert!(given.len() > 3);
        let mut state = seed | 1;
        for place in (1..rows.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            rows.swap(place, usize::try_from(state >> 33).unwrap() % (place + 1));
        }
        prop_assert_eq!(sum(&rows), given);
    }
}
