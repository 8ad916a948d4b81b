//! What the page is about, the key figures, and the main points in words.

use super::View;
use crate::{
    html::{Element, element},
    labels::fill,
    ratio,
};
use rust_decimal::Decimal;

/// Title, dates and data base.
pub(super) fn header(view: &View<'_>) -> Element {
    let (figures, labels) = (view.figures, view.labels);
    let known = figures.known_time.map(|time| view.format.instant(time, figures.zone));
    let compared = figures.comparison.as_ref().map(|comparison| view.date(comparison.date));
    let totals = &figures.totals;
    let base = [
        format!("{} {}", labels.customers, view.format.count(figures.summary.total.customers)),
        format!("{} {}", labels.orders, view.format.count(totals.orders)),
        format!("{} {}", labels.net_sales, view.format.amount(totals.net())),
        format!("{} {}", labels.returns, view.format.amount(totals.returns)),
    ];
    let facts = [
        (labels.as_of, view.date(figures.as_of)),
        (labels.known, known.unwrap_or_else(|| labels.known_now.to_owned())),
        (labels.compared_with, compared.unwrap_or_else(|| labels.no_comparison.to_owned())),
        (labels.taxonomy, figures.taxonomy.get(view.language).to_owned()),
        (labels.currency, figures.currency.clone()),
        (labels.time_zone, figures.zone.name().to_owned()),
        (labels.data_base, base.join(" · ")),
    ];
    let list = element("dl").class("facts").children(facts.into_iter().map(|(name, value)| {
        element("div").child(element("dt").text(name)).child(element("dd").text(value))
    }));
    element("header").child(element("h1").text(labels.title)).child(list)
}

/// Six figures in large print.
pub(super) fn key_figures(view: &View<'_>) -> Element {
    let (figures, labels, format) = (view.figures, view.labels, &view.format);
    let (totals, total) = (&figures.totals, &figures.summary.total);
    let since = figures.comparison.as_ref();
    let change = |change: String, date| {
        fill(labels.since, &[("change", &change), ("date", &view.date(date))])
    };
    let first = since.map(|it| {
        let count = format.count(totals.customers - it.totals.customers);
        fill(labels.first_since, &[("count", &count), ("date", &view.date(it.date))])
    });
    let orders = since.map(|it| change(format.change(totals.orders - it.totals.orders), it.date));
    let net = since.map(|it| {
        let gain = totals.net() - it.totals.net();
        let sign = if gain > Decimal::ZERO { "+" } else { "" };
        change(format!("{sign}{}", format.short(gain)), it.date)
    });
    let of_sales = format.percent(ratio::share(totals.returns, totals.sales, 3));
    let fifth = ratio::share(figures.pareto.top_fifth_amount, figures.pareto.amount, 3);
    let mean = ratio::mean(totals.ordered, totals.orders);
    let mean = mean.map_or_else(|| crate::format::NOTHING.to_owned(), |it| format.amount(it));
    element("div").class("key-figures").children([
        key_figure(labels.customers, format.count(total.customers), first),
        key_figure(labels.orders, format.count(totals.orders), orders),
        key_figure(labels.net_sales, format.whole(totals.net()), net),
        key_figure(
            labels.returns,
            format.whole(totals.returns),
            Some(fill(labels.of_sales, &[("share", &of_sales)])),
        ),
        key_figure(labels.mean_order, mean, Some(labels.before_returns.to_owned())),
        key_figure(labels.top_fifth, format.percent(fifth), Some(labels.of_net_sales.to_owned())),
    ])
}

fn key_figure(name: &str, figure: String, detail: Option<String>) -> Element {
    element("div")
        .class("key-figure")
        .child(element("div").class("key-name").text(name))
        .child(element("div").class("key-value").text(figure))
        .children(detail.map(|detail| element("div").class("key-detail").text(detail)))
}

/// The main points, one sentence each.
pub(super) fn brief(view: &View<'_>) -> Element {
    let sentences = [
        concentration(view),
        largest_class(view),
        moves(view),
        last_month(view),
        unclassified(view),
    ];
    let points = sentences.into_iter().flatten().map(|sentence| element("li").text(sentence));
    super::section("brief", view.labels.brief).child(element("ul").children(points))
}

fn concentration(view: &View<'_>) -> Option<String> {
    let (curve, format) = (&view.figures.pareto, &view.format);
    let share = ratio::share(curve.top_fifth_amount, curve.amount, 3)?;
    let figures = [
        ("count", format.count(curve.top_fifth_customers)),
        ("all", format.count(curve.customers)),
        ("share", format.percent(Some(share))),
        ("most", format.count(curve.customers_for_80)),
    ];
    Some(sentence(view.labels.brief_top_fifth, &figures))
}

fn largest_class(view: &View<'_>) -> Option<String> {
    let (summary, format) = (&view.figures.summary, &view.format);
    let mut largest = None;
    for (place, class) in summary.classes.iter().enumerate() {
        let more = |best: &usize| class.amount > summary.classes[*best].amount;
        if class.customers > 0 && largest.as_ref().is_none_or(more) {
            largest = Some(place);
        }
    }
    let largest = largest?;
    let class = &summary.classes[largest];
    let share = ratio::share(class.amount, summary.total.amount, 3)?;
    let of_customers = ratio::count_share(class.customers, summary.total.customers, 3);
    let figures = [
        ("class", view.figures.classes[largest].label.get(view.language).to_owned()),
        ("count", format.count(class.customers)),
        ("customers", format.percent(of_customers)),
        ("share", format.percent(Some(share))),
    ];
    Some(sentence(view.labels.brief_largest_class, &figures))
}

fn moves(view: &View<'_>) -> Option<String> {
    let comparison = view.figures.comparison.as_ref()?;
    let first_orders = view.figures.totals.customers - comparison.totals.customers;
    let figures = [
        ("date", view.date(comparison.date)),
        ("moved", view.format.count(comparison.migration.moved())),
        ("new", view.format.count(first_orders)),
    ];
    Some(sentence(view.labels.brief_moved, &figures))
}

fn last_month(view: &View<'_>) -> Option<String> {
    let (labels, format) = (view.labels, &view.format);
    let last = view.figures.months.last()?;
    let text = if view.is_cut() { labels.brief_last_month_cut } else { labels.brief_last_month };
    let figures = [
        ("month", format.month(last.month)),
        ("date", view.date(view.figures.as_of)),
        ("orders", format.count(last.totals.orders)),
        ("customers", format.count(last.totals.customers)),
        ("amount", format.whole(last.totals.net())),
    ];
    Some(sentence(text, &figures))
}

fn unclassified(view: &View<'_>) -> Option<String> {
    if view.figures.unclassified == 0 {
        return None;
    }
    let count = view.format.count(view.figures.unclassified);
    Some(fill(view.labels.unclassified, &[("count", &count)]))
}

fn sentence(text: &str, figures: &[(&str, String)]) -> String {
    let figures: Vec<_> = figures.iter().map(|(name, figure)| (*name, figure.as_str())).collect();
    fill(text, &figures)
}
