//! Simplified Chinese.

use super::Labels;

pub(super) const LABELS: Labels = Labels {
    tag: "zh-CN",
    title: "客户价值报告",
    months: [
        "一月",
        "二月",
        "三月",
        "四月",
        "五月",
        "六月",
        "七月",
        "八月",
        "九月",
        "十月",
        "十一月",
        "十二月",
    ],

    as_of: "截止日期",
    known: "记录时点",
    known_now: "最新记录",
    compared_with: "对比日期",
    no_comparison: "无对比",
    currency: "金额币种",
    time_zone: "日期时区",
    taxonomy: "分类标准",
    data_base: "数据基础",

    customers: "客户数",
    orders: "订单数",
    net_sales: "净销售额",
    returns: "退货额",
    sales: "销售额",
    mean_order: "平均订单金额",
    top_fifth: "前五分之一客户",
    first_since: "自{date}起首购 {count}",
    since: "自{date}起 {change}",
    of_sales: "占销售额 {share}",
    before_returns: "未扣退货",
    of_net_sales: "占净销售额",
    unclassified: "另有 {count} 位客户在该日期没有类别：计入数据基础、集中度曲线和月度趋势，\
                   不计入各类别。",

    brief: "要点",
    brief_top_fifth: "有购买的客户中，最大的五分之一（{all} 位中的 {count} 位）贡献净销售额的 \
                      {share}；{most} 位客户贡献 80%。",
    brief_largest_class: "贡献最大的类别是“{class}”：{count} 位客户，占全部客户的 {customers}，\
                          占净销售额的 {share}。",
    brief_moved: "自{date}以来，{moved} 位客户的类别发生变化，{new} 位客户首次购买。",
    brief_last_month: "{month}：{customers} 位客户下单 {orders} 笔，净额 {amount}。",
    brief_last_month_cut: "{month}（仅截至{date}）：{customers} 位客户下单 {orders} 笔，\
                           净额 {amount}。",

    classes: "客户类别",
    classes_caption: "各类别的客户数、订单数与净销售额",
    class: "类别",
    share_of_customers: "客户占比",
    share_of_net_sales: "净销售额占比",
    earlier: "对比日",
    joined: "转入",
    left: "转出",
    total: "全部客户",
    no_profile: "不属于目标市场",
    no_service_level: "未规定服务等级",
    no_strategy: "没有策略",
    other: "其他",
    codes: "例如",

    class_shares: "各类别的客户占比与净销售额占比",
    class_shares_description: "每个类别两条横条：占全部客户的比例与占净销售额的比例。",
    class_hint: "{class}：占客户 {customers}，占净销售额 {amount}",

    members_by_month: "本月客户增减",
    members_caption: "{month}各类别的客户数（截至{date}）",
    members_note: "每个数字下方为比上月、比上年同月的变化；当时尚无分类的以短横表示。",
    members: "成员数",
    upgraded: "升入",
    downgraded: "降入",
    kept: "保留",
    lost: "流失",

    migration: "类别迁移",
    migration_caption: "{earlier}的类别（行）到{later}的类别（列）的客户数，及其截至后一日期的\
                        净销售额",
    migration_note: "按行阅读：一个类别的客户去了哪里。底色深浅为占该行的比例；带框的单元格为\
                     未变动的客户。",
    class_on: "{date}的类别",
    new_customers: "新客户",
    no_class_yet: "尚无类别",
    cell_from_to: "{from} → {to}：{count} 位客户，占该行 {share}，{amount}",

    pareto: "净销售额集中度",
    pareto_description: "帕累托曲线：客户由大到小排列，累计贡献的净销售额比例。{customers} 的客户\
                         贡献净销售额的 80%，最大的五分之一贡献 {share}。",
    pareto_guide: ["80% 净销售额", "来自 {share} 的客户"],
    pareto_even: "若贡献完全平均",
    pareto_none: "截至该日期，没有净销售额大于零的客户。",
    customers_from_largest: "客户，由大到小",

    rfm: "最近购买与购买频率",
    rfm_note: "评分卡的分箱，5 为最好。右上角是近期且经常购买的客户；右下角是曾经常购买、\
               现已停止的客户。",
    rfm_none: "截至该日期，没有客户具有最近购买与频率评分。用 RFM 评分卡评分后即可显示此图。",
    rfm_customers: "客户数：最近购买 × 频率",
    rfm_amount: "净销售额：最近购买 × 频率",
    rfm_description: "最近购买五档与购买频率五档的热力图；打印和浅色屏幕上颜色越深数值越大。",
    recency: "最近购买",
    frequency: "购买频率",
    recent: "近期",
    long_ago: "久远",
    few: "订单少",
    many: "订单多",
    rfm_cell: "最近购买 {recency}，频率 {frequency}：{count} 位客户，{amount}",

    trend: "月度趋势",
    trend_sales: "销售与退货",
    trend_sales_description: "柱：横轴以上为销售额，以下为退货额；点：净销售额。",
    trend_sales_hint: "{month}：销售额 {sales}，退货额 {returns}，净销售额 {net}",
    trend_customers: "客户与订单",
    trend_customers_description: "柱：当月下单客户，下部为老客户，上部为新客户；点：订单数。",
    trend_customers_hint: "{month}：老客户 {known}，新客户 {new}，订单 {orders}",
    trend_caption: "各月订单、客户与金额",
    month: "月份",
    known_customers: "老客户",
    cut_month: "* {month}仅统计至{date}。",

    definitions: "指标说明",
    definition_customers: [
        "客户数",
        "在该日期、该分类标准下有类别的全部客户。每位客户只属于一个类别。",
    ],
    definition_orders: ["订单数", "金额大于零的已完成销售订单。已取消的订单一律不计。"],
    definition_net_sales: [
        "净销售额",
        "销售与调整减去退货，自最早记录至截止日期；退货计入退回当日；其他币种按每笔订单当日汇率\
         折算。",
    ],
    definition_mean_order: ["平均订单金额", "全部订单金额除以订单数，未扣退货。"],
    definition_moves: [
        "对比日、转入、转出",
        "对比日期属于该类别的客户数；此后由其他类别转入或新增的客户；此后转到其他类别的客户。\
         合计一行的转入为此后因登记或首条任意记录而新增的客户；此后首次购买的客户可能此前已在册但未下单。",
    ],
    definition_members: [
        "新增、升入、降入、保留、流失",
        "从上月末到本月末：由无类别、由较低类别、由较高类别进入该类别的客户；留在该类别的客户；\
         离开该类别的客户。类别高低以分类标准中的等级为准，未规定等级时以排列次序为准。\
         全部客户中的流失指不再属于任何类别的客户。",
    ],
    definition_pareto: [
        "集中度",
        "仅含净销售额大于零的客户，由大到小排列。五分之一的人数向上取整。",
    ],
    definition_abc: [
        "ABC 等级",
        "按指标由大到小排列：排在前面的客户合计低于 80% 时为 A，低于 95% 时为 B，其余为 C；\
         零和负值为 C。",
    ],
    definition_rfm: [
        "RFM 分箱",
        "按评分卡校准总体的五等分，5 为最好；相同数值不拆分，因此各箱人数可能不同。没有订单的\
         客户没有分箱。",
    ],
    definition_new: ["新客户与老客户", "首单所在月份为新客户，之后的月份为老客户。"],
    definition_time: [
        "时间",
        "所有日期均为 {zone} 时区的营业日期。类别与评分取该日期有效、且在上述时间已知的记录；\
         订单取目前在册的记录。",
    ],
    definition_rounding: ["舍入", "所有数字精确求和、只舍入一次，因此各占比之和不一定等于 100%。"],
    colophon: "由 Kehu 根据在册的订单、类别与评分生成；同样的数字可导出为表格文件。",
};
