// Every word of the page, Chinese first.

const WORDS = {
  heat: ["热力图", "Heat map"],
  docs: ["接口文档", "API docs"],
  switch: ["EN", "中文"],
  switch_label: ["Switch to English", "切换为中文"],
  ask: ["这里归谁管？", "Whose job is it here?"],
  where: ["位置：经度, 纬度，或地址、部件编号", "Place: longitude, latitude; or an address, an asset number"],
  where_hint: ["117.0230, 36.6750 或 泉城路 1 号", "117.0230, 36.6750 or an address, an asset number"],
  datum: ["坐标系", "Datum"],
  gcj02: ["GCJ-02（高德、腾讯）", "GCJ-02 (Amap, Tencent)"],
  bd09: ["BD-09（百度）", "BD-09 (Baidu)"],
  accuracy: ["精度（米）", "Accuracy (m)"],
  matter: ["事项（可不填）", "Matter (optional)"],
  matter_hint: ["代码或名称", "code or name"],
  at_field: ["时刻（不填即现在）", "As of (empty: now)"],
  go: ["查询", "Find the owner"],
  or_click: [
    "也可以直接点击地图；聚焦地图后按回车键查询地图中心。",
    "Or click the map; with the map focused, Enter asks about its centre.",
  ],
  layers: ["图层", "Layers"],
  map_label: [
    "地图。方向键移动，加减键缩放，回车键查询地图中心。",
    "Map. Arrow keys move, plus and minus zoom, Enter asks about the centre.",
  ],
  loading: ["正在查询…", "Looking it up…"],
  zoom_in: ["放大以显示{0}", "Zoom in to show: {0}"],
  part_shown: ["{0}只显示了一部分，放大以显示全部", "Only part of {0} is shown; zoom in for all"],
  areas: ["{0} 个", "{0}"],
  release: ["第 {0} 号发布 · 版本 {1} · {2} 起生效", "Release {0} · version {1} · in force since {2}"],
  empty_place: ["请输入经纬度、地址或部件编号。", "Give a longitude and latitude, an address or an asset number."],
  swapped: [
    "第二个数 {0} 不能是纬度（纬度在 -90 到 90 之间）。看来写成了“纬度, 经度”，请把经度写在前面。",
    "{0} cannot be a latitude (-90 to 90). It looks like “latitude, longitude”: put the longitude first.",
  ],
  off_earth: [
    "经度应在 -180 到 180 之间，纬度应在 -90 到 90 之间。",
    "Longitude lies between -180 and 180, latitude between -90 and 90.",
  ],
  no_address: ["没有找到这个地址或部件编号。", "No such address or asset number was found."],
  pick_address: ["找到 {0} 个地址，请选择：", "{0} addresses found, pick one:"],
  owned: ["由 {0} 负责", "{0} is responsible"],
  likely: ["可能由 {0} 负责，请核实", "Probably {0}: please check"],
  doubtful: ["责任单位存疑，请在候选中核实", "The owner is in doubt: check the candidates"],
  nobody: ["此处无主，没有单位对它负责", "Nobody is responsible here"],
  off_grid: ["此点在网格之外", "This point is outside the grid"],
  no_version_said: ["当时还没有生效的版本", "No version was in force then"],
  cell_verdict: ["网格", "Cell"],
  owner_verdict: ["责任", "Owner"],
  certain: ["确定", "certain"],
  ambiguous: ["存疑", "ambiguous"],
  outside: ["界外", "outside"],
  no_version: ["无版本", "no version"],
  unowned: ["无主", "unowned"],
  role_lead: ["主责", "lead"],
  role_support: ["协同", "support"],
  post_lead: ["负责人", "head"],
  post_deputy: ["副职", "deputy head"],
  post_duty_desk: ["值班室", "duty desk"],
  post_worker: ["工作人员", "worker"],
  why_named: ["权责指定", "named by the duty"],
  why_shift: ["当班", "on shift"],
  why_role: ["按岗位", "by post"],
  why_deputy: ["代 {0} 值守", "stands in for {0}"],
  until: ["至 {0}", "until {0}"],
  comma: ["，", ", "],
  colon: ["：", ": "],
  quoted: ["“{0}”", "“{0}”"],
  counted: ["{0}（{1}）", "{0} ({1})"],
  as_of: ["这是 {0} 的情况，不是现在", "As of {0}, not of now"],
  back_to_now: ["回到现在", "Back to now"],
  source_ruling: ["裁定", "Ruling"],
  source_plan: ["应急预案", "Emergency plan"],
  source_asset: ["部件台账", "Asset record"],
  listed_as: ["清单所写", "As listed"],
  relation_asset_owner: ["各产权单位", "the owner of the asset"],
  relation_office: ["所属街道办", "the office here"],
  relation_committee: ["所属居委会", "the committee here"],
  relation_government: ["所属政府", "the government here"],
  relation_property: ["所属物业", "the property company here"],
  relation_enforcement: ["所属执法部门", "the enforcement unit here"],
  unresolved: ["未能落实的权责，请人工核实", "Duties that lead to nobody here: please check"],
  unresolved_no_asset_named: [
    "没有指明部件，请填部件编号或在地图上点选",
    "no asset is named: give its number, or click it on the map",
  ],
  unresolved_no_owner_recorded: ["部件台账未登记产权单位", "the asset has no owner on record"],
  unresolved_no_such_relation_here: ["此处没有登记这一单位", "no such unit is recorded here"],
  asset_layer: ["部件", "Assets"],
  asset_meant: ["所指部件", "Asset"],
  asset_owner: ["产权单位", "Owner"],
  no_owner_recorded: ["未登记产权单位", "no owner on record"],
  is_it_this: ["是这个吗？", "Is it this one?"],
  is_it_one: ["是其中之一吗？", "Is it one of these?"],
  nearby_note: ["附近的同类部件，点一下即按它的台账作答", "Assets of this class close by; a click answers for that one"],
  tied: ["同等主责，请人工确认", "Leads of equal rank: a person must decide"],
  cell: ["所在网格", "Cell"],
  distance: ["距边界", "To the border"],
  on_border: ["正好在边界上", "exactly on the border"],
  far: ["250 米以上", "more than 250 m"],
  metres: ["{0} 米", "{0} m"],
  nearest: ["最近的网格", "Nearest cell"],
  candidates: ["候选网格", "Candidates"],
  other_owners: ["另一种可能", "It may be otherwise"],
  other_owners_note: ["精度 {0} 米的范围内，若另算下列范围，则由他方负责", "Within {0} m these places may hold or not; then another answers"],
  no_other: ["无人负责", "nobody"],
  candidates_note: ["精度 {0} 米的范围内，各网格所占的比例", "Shares of the {0} m disc of accuracy"],
  outside_share: ["网格之外", "Outside the grid"],
  duty: ["权责依据", "Duty"],
  place: ["权责范围", "Applies to"],
  basis: ["依据", "Basis"],
  document: ["文件", "Document"],
  duty_matter: ["事项", "Matter"],
  all_matters: ["全部事项", "all matters"],
  places: ["所属层级", "Places"],
  supporting: ["协同单位", "Supporting"],
  matter_duties: ["按事项另有规定", "By matter"],
  explain: ["判定过程", "How this was decided"],
  point: ["坐标（WGS-84）", "Point (WGS-84)"],
  versions: ["数据", "Data"],
  versions_said: [
    "发布 {0} · 版本 {1} · 名册 {2} · 部件 {3} · 裁定与预案 {4}",
    "release {0} · version {1} · roster {2} · assets {3} · rulings and plans {4}",
  ],
  at: ["时刻", "At"],
  zoom_here: ["放大到此处", "Zoom to it"],
  copy: ["复制结果 JSON", "Copy answer as JSON"],
  copied: ["已复制", "Copied"],
  link: ["复制链接", "Copy link"],
  failed: ["查询没有成功", "That did not work"],
  no_answer: ["服务没有响应，请检查网络后重试。", "The service does not answer. Check the connection and try again."],
  retry: ["重试", "Try again"],
  first_steps: ["尚未发布网格", "Nothing has been published yet"],
  first_steps_said: [
    "地图上还没有可用的网格。请先导入区划并发布，或用示例城市试一试：",
    "There is no grid to answer from. Import areas and publish them, or try the sample city:",
  ],
  click_title: ["点一下地图，看看归谁管", "Click the map to see whose job it is"],
  click_said: [
    "结果会显示责任单位、责任人、所在网格和判定过程，并可用链接分享。",
    "You will see the party, the person, the cell and how it was decided, with a link to share.",
  ],
};

let column = 0;

export function useLanguage(language) {
  column = language === "en" ? 1 : 0;
  document.documentElement.lang = column ? "en" : "zh-CN";
}

export const language = () => (column ? "en" : "zh");

export function say(name, ...values) {
  const text = WORDS[name] ? WORDS[name][column] : String(name);
  return text.replace(/\{(\d)\}/g, (_, place) => String(values[place] ?? "–"));
}

export const known = (name) => name in WORDS;

export function sayPage() {
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = say(node.dataset.hint);
  for (const node of document.querySelectorAll("[data-label]"))
    node.setAttribute("aria-label", say(node.dataset.label));
}
