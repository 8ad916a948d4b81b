//! What the quickstart tells a sales manager.

use super::pipeline::{Dates, MAIN_TAXONOMY};
use crate::{
    commands::data, commands::import::Loaded, commands::rejects::as_option, connection::Connection,
    exit::Failure, output,
};
use kehu_contract::{
    google::r#type::Money,
    ingestion::ReusedKey,
    reporting::{ClassSummary, GetClassSummaryRequest},
};
use kehu_server::convert;
use kehu_tables::Profile;
use std::net::SocketAddr;

/// Prints what was read, loaded and refused.
pub(crate) fn loaded(loaded: &Loaded) -> Result<(), Failure> {
    let profile = &loaded.profile;
    output::line(&held(profile))?;
    for tally in &profile.read {
        if tally.currency.is_empty() {
            output::line(&format!("  {:<10} {:>9} lines", tally.kind, count(tally.lines)))?;
            continue;
        }
        output::line(&format!(
            "  {:<10} {:>9} lines in {:>7} orders, {:>16} {}",
            tally.kind,
            count(tally.lines),
            count(tally.orders),
            grouped(&format!("{:.2}", tally.amount)),
            tally.currency
        ))?;
    }
    let refused: u64 = profile.refused.values().sum();
    let whole = match profile.refused_orders {
        0 => String::new(),
        orders => format!(
            ", among them all lines of {} {}",
            count(orders),
            if profile.kind == "invoices" { "invoices" } else { "orders" }
        ),
    };
    output::line(&format!("  {:<10} {:>9} lines{whole}", "refused", count(refused)))?;
    for (reason, lines) in &profile.refused {
        output::line(&format!("             {:>9} {}", count(*lines), as_option(reason)))?;
    }
    found(profile)?;
    noticed(profile)?;
    cleaned(loaded)?;
    lookalikes(profile)?;
    reused(loaded)?;
    output::line(&sent(loaded))
}

/// What a file holds.
fn held(profile: &Profile) -> String {
    let (lines, customers) = (count(profile.lines), count(profile.customers));
    match profile.kind {
        "orders" => format!(
            "Read {lines} lines: {} orders, {customers} customers, {} countries.",
            count(profile.orders),
            count(profile.countries)
        ),
        "exchange_rates" => format!("Read {lines} lines of exchange rates."),
        "customers" => format!("Read {lines} lines: {customers} customers."),
        kind => format!("Read {lines} lines of {kind}: {customers} customers."),
    }
}

/// What was sent, and what became of the whole file.
fn sent(loaded: &Loaded) -> String {
    if loaded.profile.lines == 0 {
        return "The file has a header and no line; nothing was loaded.".to_owned();
    }
    let refused = match loaded.totals.rejected_count {
        0 => "none refused.".to_owned(),
        records => format!(
            "{} refused.\nWhat was refused is kept: kehu rejects lists it.",
            count(records.unsigned_abs())
        ),
    };
    let sent = match loaded.sent {
        0 => "All of it had been dealt with before; nothing was loaded twice.".to_owned(),
        records => format!("Sent {} records.", count(records)),
    };
    format!(
        "{sent} Of the whole file {} were new or changed, {} held already, {refused}",
        count(loaded.totals.accepted_count.unsigned_abs()),
        count(loaded.totals.unchanged_count.unsigned_abs()),
    )
}

/// Prints how the file is read, where that had to be found out.
fn found(profile: &Profile) -> Result<(), Failure> {
    if profile.found.is_empty() {
        return Ok(());
    }
    output::line(&format!("  found      {}", profile.found.join(", ")))
}

/// Prints keys that look the same and are customers of their own.
fn lookalikes(profile: &Profile) -> Result<(), Failure> {
    if profile.lookalikes.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = profile.lookalikes.iter().map(|keys| keys.join(" and ")).collect();
    output::line(&format!(
        "  look alike keys of customers that are kept apart: {}",
        groups.join(", ")
    ))
}

/// Prints the records that took the place of others with the same key.
fn reused(loaded: &Loaded) -> Result<(), Failure> {
    let records = loaded.totals.reused_count;
    if records == 0 {
        return Ok(());
    }
    let told: Vec<String> = loaded.reused.iter().map(former).collect();
    let such_as = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
    output::line(&format!(
        "  replaced   {:>9} records of another customer or day had the same number; their former \
         versions stay on record{such_as} (where numbers begin anew each year, state \
         numbers_by_year = true in the mapping)",
        count(records.unsigned_abs())
    ))
}

/// `order 1001 was of customers/5 on 2023-01-05`.
fn former(key: &ReusedKey) -> String {
    let ReusedKey { kind, external_id, former_customer, former_date } = key;
    let day = output::date(former_date.as_ref());
    format!("{kind} {external_id} was of {former_customer} on {day}")
}

/// Prints the oddities that were read all the same.
fn noticed(profile: &Profile) -> Result<(), Failure> {
    let sales = profile.read.iter().filter(|tally| tally.kind == "sale");
    let empty = sales.map(|tally| tally.empty).sum();
    let later = match profile.kind {
        "orders" => "orders dated after today, which count on their day",
        _ => "records dated after today, which count on their day",
    };
    let oddities = [
        (profile.lines_without_customer, "lines without a customer"),
        (profile.lines_without_description, "lines without a description"),
        (profile.cancellation_lines, "cancellation lines"),
        (profile.cancellation_orders, "cancelled orders"),
        (profile.adjustment_lines, "adjustment lines"),
        (profile.negative_quantities, "negative quantities"),
        (profile.negative_prices, "negative prices"),
        (profile.zero_prices, "zero prices"),
        (profile.repeated_lines, "lines that repeat an earlier one"),
        (empty, "sales that come to nothing and count as no order"),
        (profile.later_orders, later),
        (profile.blank_lines, "empty lines"),
        (profile.header_lines, "lines that repeat the header"),
    ];
    let seen = oddities.into_iter().filter(|(lines, _)| *lines > 0);
    let seen: Vec<_> = seen.map(|(lines, what)| format!("{} {what}", count(lines))).collect();
    if seen.is_empty() {
        return Ok(());
    }
    output::line(&format!("  noticed    {}", seen.join(", ")))
}

/// Prints which rules changed how many cells so that they could be read.
fn cleaned(loaded: &Loaded) -> Result<(), Failure> {
    let rules = loaded.profile.cleaned.iter();
    let rules: Vec<_> =
        rules.map(|(rule, cells)| format!("{} {}", as_option(rule), count(*cells))).collect();
    if !rules.is_empty() {
        output::line(&format!("  cleaned    cells by rule: {}", rules.join(", ")))?;
    }
    let texts = loaded.totals.cleaned_count;
    if texts == 0 {
        return Ok(());
    }
    let texts = count(texts.unsigned_abs());
    output::line(&format!("  cleaned    {texts} keys and texts more, by the server"))
}

/// Prints the class summary of the later date.
pub(crate) async fn classes(connection: &Connection, dates: &Dates) -> Result<(), Failure> {
    let request = GetClassSummaryRequest {
        taxonomy: MAIN_TAXONOMY.to_owned(),
        time: Some(dates.report_time()),
        comparison_date: dates.comparison.map(convert::date),
    };
    let summary = connection.reporting().get_class_summary(request).await?.into_inner();
    output::line(&format!("\nCustomers by class as of {}:", dates.as_of))?;
    let header =
        ["class", "customers", "of all", "amount", "of amount", "mean order", "example codes"];
    let right = ["customers", "of all", "amount", "of amount", "mean order"];
    let rows = summary.classes.iter().chain(&summary.total).map(class_row).collect();
    output::line(&output::table(&header, &right, rows))?;
    let listed = summary.total.map_or(0, |total| total.customer_count);
    not_listed(connection, dates, listed).await
}

/// Says who of those held is not in the table, where somebody is not.
async fn not_listed(connection: &Connection, dates: &Dates, listed: i64) -> Result<(), Failure> {
    let held = data::summary(connection, Some(dates.as_of)).await?.customer_count;
    if held == listed {
        return Ok(());
    }
    let missing = grouped(&(held - listed).to_string());
    output::line(&format!(
        "{missing} of {} customers held are not in the table: they become customers with an order \
         on a later day, or a taxonomy leaves them out (kehu data, kehu left-out).",
        grouped(&held.to_string()),
    ))
}

fn class_row(class: &ClassSummary) -> Vec<String> {
    let label = class.label.clone().unwrap_or_default();
    vec![
        if label.zh.is_empty() { label.en } else { format!("{} {}", label.en, label.zh) },
        grouped(&class.customer_count.to_string()),
        output::percent(class.customer_share.as_ref()),
        amount(class.amount.as_ref()),
        output::percent(class.amount_share.as_ref()),
        amount(class.mean_order_amount.as_ref()),
        class.example_codes.join(" "),
    ]
}

/// Prints what to try next.
pub(crate) fn next_steps(address: SocketAddr) -> Result<(), Failure> {
    output::line(&format!(
        "Serving on http://{address} until Ctrl-C. Try next, in another terminal:\n  \
         grpcurl -plaintext {address} list\n  \
         grpcurl -plaintext -d '{{\"taxonomy\":\"value-six\",\"class_id\":\"high-value\",\"page_size\":3}}' {address} kehu.coding.v1.ClassificationService/ListMembers\n  \
         grpcurl -plaintext -d '{{\"customer\":\"customers/1\",\"scorecard\":\"value\"}}' {address} kehu.scoring.v1.ScoringService/ExplainScore"
    ))
}

fn amount(money: Option<&Money>) -> String {
    let Some(money) = money else { return "–".to_owned() };
    let sign = if money.units < 0 || money.nanos < 0 { "-" } else { "" };
    // Half a cent up, as people round.
    let cents = (money.nanos.unsigned_abs() + 5_000_000) / 10_000_000;
    let units = money.units.unsigned_abs() + u64::from(cents / 100);
    format!("{sign}{}", grouped(&format!("{units}.{:02}", cents % 100)))
}

fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// Commas between groups of three digits before the point.
fn grouped(number: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        for (number, text) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.89", "-1,234,567.89"),
            ("123456", "123,456"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn amounts_are_rounded_to_cents() {
        for (units, nanos, text) in
            [(1_234, 567_000_000, "1,234.57"), (0, -4_900_000, "-0.00"), (9, 999_000_000, "10.00")]
        {
            let money = Money { currency_code: "GBP".to_owned(), units, nanos };
            assert_eq!(amount(Some(&money)), text);
        }
    }
}
