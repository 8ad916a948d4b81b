//! English.

use super::Labels;

pub(super) const LABELS: Labels = Labels {
    tag: "en",
    title: "Customer value report",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],

    as_of: "As of",
    known: "As known",
    known_now: "latest records",
    compared_with: "Compared with",
    no_comparison: "no earlier date",
    currency: "Amounts in",
    time_zone: "Dates in",
    taxonomy: "Classes by",
    data_base: "Data base",

    customers: "Customers",
    orders: "Orders",
    net_sales: "Net sales",
    returns: "Returns",
    sales: "Sales",
    mean_order: "Mean order",
    top_fifth: "Largest fifth of customers",
    first_since: "{count} bought first since {date}",
    since: "{change} since {date}",
    of_sales: "{share} of sales",
    before_returns: "before returns",
    of_net_sales: "of net sales",
    unclassified: "{count} customers have no class on this date; they count in the data base, the \
                   curve and the trend, not in the classes.",

    brief: "In brief",
    brief_top_fifth: "The largest fifth of the buying customers, {count} of {all}, brings {share} \
                      of net sales; {most} customers bring 80%.",
    brief_largest_class: "The class that brings most is “{class}”: {count} customers, {customers} \
                          of all, with {share} of net sales.",
    brief_moved: "Since {date}, {moved} customers changed their class and {new} bought for the first time.",
    brief_last_month: "{month}: {orders} orders of {customers} customers, {amount} net.",
    brief_last_month_cut: "{month}, counted to {date} only: {orders} orders of {customers} \
                           customers, {amount} net.",

    classes: "Classes",
    classes_caption: "Customers, orders and net sales by class",
    class: "Class",
    share_of_customers: "Share of customers",
    share_of_net_sales: "Share of net sales",
    earlier: "Before",
    joined: "Joined",
    left: "Left",
    total: "All customers",
    no_profile: "No target market",
    no_service_level: "Nothing said of service",
    no_strategy: "Without a strategy",
    other: "Other",
    codes: "e.g.",

    class_shares: "Customers and net sales by class",
    class_shares_description: "For each class two bars: its share of all customers and its share \
                               of net sales.",
    class_hint: "{class}: {customers} of customers, {amount} of net sales",

    members_by_month: "Members of the month",
    members_caption: "Members by class in {month}, counted to {date}",
    members_note: "Below each figure its change on the month before and on the same month of the \
                   year before; a dash where nobody was classified then.",
    members: "Members",
    upgraded: "Upgraded",
    downgraded: "Downgraded",
    kept: "Kept",
    lost: "Lost",

    migration: "Moves between classes",
    migration_caption: "Customers by class on {earlier} (rows) and on {later} (columns), with \
                        their net sales up to the later date",
    migration_note: "Read along a row: where the customers of a class went. The tint is the share \
                     of the row; the outlined cells stayed.",
    class_on: "Class on {date}",
    new_customers: "New customers",
    no_class_yet: "No class yet",
    cell_from_to: "{from} → {to}: {count} customers, {share} of the row, {amount}",

    pareto: "Concentration of net sales",
    pareto_description: "Pareto curve: customers from the largest on, and the share of net sales \
                         they bring. {customers} of the customers bring 80% of net sales, the \
                         largest fifth brings {share}.",
    pareto_guide: ["80% of net sales", "from {share} of customers"],
    pareto_even: "if all brought the same",
    pareto_none: "No customer has net sales above zero up to this date.",
    customers_from_largest: "Customers, largest first",

    rfm: "Recency and frequency",
    rfm_note: "Bins of the scorecard: 5 is best. Top right are those who buy often and did so \
               lately; bottom right those who bought often and stopped.",
    rfm_none: "No customer has a recency and a frequency score up to this date. Score customers \
               under the RFM scorecard to see this map.",
    rfm_customers: "Customers by recency and frequency",
    rfm_amount: "Net sales by recency and frequency",
    rfm_description: "Heat map of five recency bins by five frequency bins; darker is more in \
                      print and on a light screen.",
    recency: "Recency",
    frequency: "Frequency",
    recent: "recent",
    long_ago: "long ago",
    few: "few orders",
    many: "many orders",
    rfm_cell: "Recency {recency}, frequency {frequency}: {count} customers, {amount}",

    trend: "Month by month",
    trend_sales: "Sales and returns",
    trend_sales_description: "Bars: sales above the line, returns below it; dots: net sales.",
    trend_sales_hint: "{month}: sales {sales}, returns {returns}, net {net}",
    trend_customers: "Customers and orders",
    trend_customers_description: "Bars: customers with an order in the month, known ones below, \
                                  new ones on top; dots: orders.",
    trend_customers_hint: "{month}: {known} known and {new} new customers, {orders} orders",
    trend_caption: "Orders, customers and amounts by month",
    month: "Month",
    known_customers: "Known customers",
    cut_month: "* {month} counts up to {date} only.",

    definitions: "What the figures mean",
    definition_customers: [
        "Customers",
        "all that have a class under the taxonomy on the date. A customer has exactly one class.",
    ],
    definition_orders: [
        "Orders",
        "completed sales with an amount above zero. Cancelled orders never count.",
    ],
    definition_net_sales: [
        "Net sales",
        "sales and adjustments less returns, from the first record up to the date, returns on the \
         date they came back; other currencies at the rate of the day of each order.",
    ],
    definition_mean_order: [
        "Mean order",
        "amount of all orders over their number, before returns.",
    ],
    definition_moves: [
        "Before, joined, left",
        "members of the class on the earlier date; since then come from another class or new; \
         gone to another class. Of all customers those joined who are customers since then, by \
         registration or a first record of any kind; who bought for the first time may have been \
         one before, without an order.",
    ],
    definition_members: [
        "New, upgraded, downgraded, kept, lost",
        "from the end of the month before to the end of this one: who came into the class from \
         none, from a lower one, from a higher one; who stayed; who left. Which class is higher is \
         the rank in the taxonomy, where it says none its order. Of all customers those are lost \
         who are in no class any more.",
    ],
    definition_pareto: [
        "Concentration",
        "customers with net sales above zero, sorted from the largest. A fifth is rounded up to \
         whole customers.",
    ],
    definition_abc: [
        "ABC grades",
        "sorted by the measure from the largest: A while the customers before bring less than \
         80%, B while less than 95%, else C; zero and below is C.",
    ],
    definition_rfm: [
        "RFM bins",
        "fifths of the population the scorecard was calibrated on, 5 the best; equal values are \
         never split, so bins may differ in size. Customers without an order have none.",
    ],
    definition_new: [
        "New and known customers",
        "in the month of their first order a customer is new, in every later one known.",
    ],
    definition_time: [
        "Time",
        "every date is a business date in {zone}. Classes and scores are those true on the date \
         as they were known at the time above; orders are those on record now.",
    ],
    definition_rounding: [
        "Rounding",
        "everything is summed exactly and rounded once, so shares need not add up to 100%.",
    ],
    colophon: "Made by Kehu from the orders, classes and scores on record; the same figures come \
               as CSV.",
};
