/** `seawall/dashboard`: defines `<seawall-dashboard>` where there are custom elements. */

import { SeawallDashboard } from "../dashboard/element.js";

export { SeawallDashboard };
export type { AlertEvent } from "../dashboard/element.js";
export type { Claims, ClaimsProvider } from "../dashboard/claims.js";
export { DEFAULT_RULES } from "../dashboard/rules.js";
export type { Alert, AlertRule, Measure } from "../dashboard/rules.js";
export type { Panel, PanelAct, PanelAsk, PanelRow } from "../dashboard/panel.js";
export { serverSource } from "../dashboard/server/source.js";
export type { TokenProvider } from "../dashboard/server/token.js";
export { guardSource } from "../dashboard/source.js";
export type { DashboardSource, FigureGroup, Move, Reading, ShownBreaker } from "../dashboard/source.js";
export { DASHBOARD_TEXTS } from "../dashboard/texts.js";
export type { DashboardTexts } from "../dashboard/texts.js";

const TAG = "seawall-dashboard";

if (typeof customElements !== "undefined" && !customElements.get(TAG)) customElements.define(TAG, SeawallDashboard);
