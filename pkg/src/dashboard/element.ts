/**
 * `<seawall-dashboard>`: a guard as one can watch it, and, with the right claim, steer it.
 *
 * A custom element without a framework: a shadow root, one adopted style sheet, properties in, events out. It reads
 * its source once a second and draws what changed. In a runtime without elements (a server that renders)
 * it can be imported and does nothing.
 */

import type { Guard } from "../guard.js";
import { type Claims, type ClaimsProvider, claimsFrom, DEFAULT_ADMIN_CLAIM, holds, readAdminClaim } from "./claims.js";
import { measure } from "./measure.js";
import { type Alert, type AlertRule, createRules, DEFAULT_RULES, readRules, type Rules } from "./rules.js";
import { createSeries, type Series } from "./series.js";
import type { PanelAct } from "./panel.js";
import { serverSource } from "./server/source.js";
import type { TokenProvider } from "./server/token.js";
import { type DashboardSource, guardSource, type Move } from "./source.js";
import { adoptStyles } from "./styles.js";
import type { DashboardTexts } from "./texts.js";
import { createView, type View } from "./view.js";
import { type Words, wordsOf } from "./words.js";

/**
 * The event that an alert was raised or cleared.
 *
 * @example
 * ```ts
 * import type { AlertEvent } from "seawall/dashboard";
 *
 * document.addEventListener("seawall-alert", ({ detail }: AlertEvent) => show(detail.rule.measure, detail.state));
 * ```
 */
export type AlertEvent = CustomEvent<Alert>;

const READ_INTERVAL = 1_000;
/** A session may end while nobody looks. */
const CLAIMS_INTERVAL = 15_000;

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * A guard, watched and, with the right claim, steered: the element `<seawall-dashboard>`.
 *
 * @example
 * ```ts
 * import "seawall/dashboard";
 *
 * const dashboard = document.querySelector("seawall-dashboard");
 * if (dashboard) {
 *   dashboard.guard = guard;
 *   dashboard.claims = async () => (await supabase.auth.getSession()).data.session?.access_token;
 * }
 * ```
 */
export class SeawallDashboard extends Base {
  static readonly observedAttributes = ["rules", "admin-claim", "theme", "server"];

  #guard: Guard | undefined;
  #source: DashboardSource | undefined;
  #claims: ClaimsProvider;
  #token: TokenProvider;
  #texts: Partial<DashboardTexts> = {};
  #words: Words = wordsOf();
  #given: readonly AlertRule[] = DEFAULT_RULES;
  #rules: Rules = createRules(DEFAULT_RULES);
  #series: Series = createSeries();
  #view: View | undefined;
  #running: (() => void) | undefined;
  #isAdmin = false;
  /** One function for good: a menu that is open stays open when the claims are asked for again. */
  readonly #steer = (breaker: string, move: Move): void => void this.#move(breaker, move);
  readonly #act = (act: PanelAct, subject: string): void => void this.#do(act, subject);

  /** The guard that is shown. */
  get guard(): Guard | undefined {
    return this.#guard;
  }

  set guard(guard: Guard | null | undefined) {
    this.#guard = guard ?? undefined;
    this.source = guard ? guardSource(guard, this.#texts) : undefined;
  }

  /** Where the figures come from, when it is not a guard of this page. */
  get source(): DashboardSource | undefined {
    return this.#source;
  }

  set source(source: DashboardSource | null | undefined) {
    this.#source = source ?? undefined;
    this.#series = createSeries();
    this.#rules = createRules(this.#given);
    this.#restart();
  }

  /**
   * Who looks: claims, a token that holds them, or a function that is asked for either, again and again. Without the
   * admin claim there are no controls.
   */
  get claims(): ClaimsProvider {
    return this.#claims;
  }

  set claims(claims: ClaimsProvider) {
    this.#claims = claims;
    void this.refreshClaims();
  }

  /** The server that is shown, by its address, as the attribute `server` has it. */
  get server(): string | null {
    return this.getAttribute("server");
  }

  set server(server: string | null | undefined) {
    if (server === null || server === undefined) this.removeAttribute("server");
    else this.setAttribute("server", server);
  }

  /**
   * Who asks the server: a token, or a function that is asked for it at each request. There is no attribute of that
   * name, and nothing keeps it. Where no `claims` are set, it says who looks too.
   */
  get token(): TokenProvider {
    return this.#token;
  }

  set token(token: TokenProvider) {
    this.#token = token;
    this.#watchServer();
  }

  /** What is said in the place of the built-in texts, by name (`DASHBOARD_TEXTS` has them all). */
  get texts(): Partial<DashboardTexts> {
    return this.#texts;
  }

  set texts(texts: Partial<DashboardTexts> | null | undefined) {
    this.#texts = texts ?? {};
    this.#words = wordsOf(this.#texts);
    this.#stop();
    if (this.#view) this.#draw();
    if (this.server === null && this.#guard) this.guard = this.#guard;
    else if (this.server === null) this.#restart();
    else this.#watchServer();
  }

  /** The alert rules; as an attribute, the same list as JSON. */
  get rules(): readonly AlertRule[] {
    return this.#given;
  }

  set rules(rules: readonly AlertRule[] | null | undefined) {
    this.#given = rules ? readRules(rules) : DEFAULT_RULES;
    this.#rules = createRules(this.#given);
    this.#view?.alerts.show(this.#rules.states);
  }

  /** Asks again who looks, after a sign-in or sign-out. */
  async refreshClaims(): Promise<void> {
    this.#isAdmin = await this.#mayMove();
    const steers = this.#isAdmin && this.#source?.move !== undefined;
    this.#view?.circuits.steer(steers ? this.#steer : undefined);
    this.#view?.panels.steer(this.#isAdmin ? this.#act : undefined);
  }

  connectedCallback(): void {
    this.#takeEarly("texts", "guard", "source", "claims", "rules", "server", "token");
    if (!this.#view) this.#draw();
    this.#restart();
  }

  disconnectedCallback(): void {
    this.#stop();
  }

  attributeChangedCallback(name: string, _before: string | null, value: string | null): void {
    if (name === "rules") this.rules = value === null ? null : readRules(value);
    if (name === "admin-claim") void this.refreshClaims();
    if (name === "server") this.#watchServer();
    if (name === "theme") this.#view?.repaint();
  }

  #draw(): void {
    this.#view = createView(adoptStyles(this), this.#words);
  }

  #watchServer(): void {
    const server = this.server;
    if (server !== null) this.source = serverSource(server, () => (typeof this.#token === "function" ? this.#token() : this.#token), this.#texts);
    else if (this.#guard === undefined) this.source = undefined;
  }

  #restart(): void {
    this.#stop();
    const source = this.#source;
    const view = this.#view;
    if (!source || !view || !this.isConnected) return;
    view.head.name(source.name);
    view.alerts.show(this.#rules.states);
    view.start();
    const read = setInterval(() => void this.#read(source), READ_INTERVAL);
    const count = setInterval(() => view.circuits.countDown(Date.now()), READ_INTERVAL / 4);
    const ask = setInterval(() => void this.refreshClaims(), CLAIMS_INTERVAL);
    const stopListening = source.onChange(() => void this.#read(source));
    const night = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => view.repaint();
    night.addEventListener("change", repaint);
    this.#running = () => {
      for (const timer of [read, count, ask]) clearInterval(timer);
      stopListening();
      night.removeEventListener("change", repaint);
      view.stop();
    };
    void this.refreshClaims();
    void this.#read(source);
  }

  #stop(): void {
    this.#running?.();
    this.#running = undefined;
  }

  async #read(source: DashboardSource): Promise<void> {
    const reading = await source.read().catch(() => undefined);
    if (!reading || source !== this.#source || !this.#running || !this.#view) return;
    this.#series.add(reading);
    const { measured, subjects } = measure(reading, this.#series);
    const alerts = this.#rules.check(measured, subjects, reading.at);
    this.#view.show(reading, this.#series, this.#rules.states);
    this.#view.alerts.tell(alerts);
    for (const detail of alerts) this.dispatchEvent(new CustomEvent("seawall-alert", { detail, bubbles: true, composed: true }));
  }

  /** Who looks may have changed since the controls were drawn: it is asked once more before anything moves. */
  async #move(breaker: string, move: Move): Promise<void> {
    await this.refreshClaims();
    const source = this.#source;
    if (!this.#isAdmin || !source?.move) return this.#view?.announce(this.#words.t.mayNotMove);
    try {
      await source.move(breaker, move);
      this.#view?.moved(breaker, move);
    } catch (error) {
      this.#view?.announce(this.#words.say("notMoved", { circuit: breaker, reason: reason(error) }));
    }
    await this.#read(source);
  }

  async #do(act: PanelAct, subject: string): Promise<void> {
    await this.refreshClaims();
    if (!this.#isAdmin) return this.#view?.announce(this.#words.t.mayNotAct);
    try {
      await act.run();
      this.#view?.announce(`${subject} ${act.done}.`);
    } catch (error) {
      this.#view?.announce(this.#words.say("actRefused", { act: act.label, subject, reason: reason(error) }));
    }
    if (this.#source) await this.#read(this.#source);
  }

  async #mayMove(): Promise<boolean> {
    const claims: Claims | undefined = await claimsFrom(this.#claims ?? (this.server === null ? undefined : this.#token));
    return holds(claims, readAdminClaim(this.getAttribute("admin-claim") ?? DEFAULT_ADMIN_CLAIM), Date.now());
  }

  /** What was set before the element was defined lies on the instance and hides the accessors. */
  #takeEarly(...names: ("guard" | "source" | "claims" | "rules" | "texts" | "server" | "token")[]): void {
    for (const name of names) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

declare global {
  interface HTMLElementTagNameMap {
    "seawall-dashboard": SeawallDashboard;
  }

  interface GlobalEventHandlersEventMap {
    "seawall-alert": AlertEvent;
  }
}
