/** How the server behaves, by the demo's own switch, and a burst of reads to feel it. */

import { h, setText } from "../dom.ts";
import { currentFault, type FaultMode, switchFault } from "../faults.ts";

const choices: { mode: FaultMode; label: string; effect: string }[] = [
  { mode: "none", label: "Healthy", effect: "The server answers at once." },
  { mode: "fail", label: "Failing", effect: "Every answer is an error." },
  { mode: "slow", label: "Slow", effect: "Answers come later than this page waits." },
  { mode: "vanish", label: "Vanished", effect: "Connections break off without an answer." },
];

export interface ServerSwitch {
  element: HTMLElement;
}

export function serverSwitch(burst: () => Promise<string>, onMode: (mode: FaultMode) => void): ServerSwitch {
  const effect = h("p", { class: "fine", role: "status" });
  const inputs = new Map<FaultMode, HTMLInputElement>();

  const show = (mode: FaultMode) => {
    const input = inputs.get(mode);
    if (input) input.checked = true;
    setText(effect, choices.find((choice) => choice.mode === mode)?.effect ?? "");
    onMode(mode);
  };
  const choose = async (mode: FaultMode) => {
    try {
      show(await switchFault(mode));
    } catch (error) {
      setText(effect, error instanceof Error ? error.message : String(error));
    }
  };

  const options = choices.map(({ mode, label }) => {
    const input = h("input", { type: "radio", name: "server-mode", value: mode, onchange: () => void choose(mode) });
    inputs.set(mode, input);
    return h("label", { "data-mode": mode }, input, h("span", {}, label));
  });

  currentFault().then(show, () => setText(effect, "This server has no fault switch."));
  return {
    element: h(
      "section",
      { class: "server-switch" },
      h("fieldset", {}, h("legend", { class: "eyebrow" }, "The server"), h("div", { class: "segments" }, ...options)),
      effect,
      burstButton(burst),
    ),
  };
}

function burstButton(burst: () => Promise<string>): HTMLElement {
  const outcome = h("p", { class: "fine", role: "status" });
  const button = h("button", { type: "button" }, "Send ten reads");
  button.addEventListener("click", async () => {
    button.disabled = true;
    setText(outcome, "Ten reads are on their way.");
    setText(outcome, await burst());
    button.disabled = false;
  });
  return h("div", { class: "burst" }, button, outcome);
}
