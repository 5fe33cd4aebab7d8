// The door to every command: `npm start`, `npm test` and the rest come through here on their way to xtask.
// It checks the three things xtask itself cannot check (Node, Rust, a linker), says in one sentence what to
// install if one is missing, and passes signals on, so that Ctrl-C reaches whoever has something to stop.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldestNode = 20;

function refuse(sentence) {
  console.error(`seawall: ${sentence}`);
  process.exit(1);
}

function runs(program, ...args) {
  return spawnSync(program, args, { cwd: root, stdio: "ignore" }).status === 0;
}

function checkNode() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < oldestNode) {
    refuse(`Node ${process.versions.node} is too old: install Node ${oldestNode} or newer from https://nodejs.org`);
  }
}

function checkRust() {
  if (!runs("rustup", "--version")) {
    refuse("rustup was not found: install Rust from https://rustup.rs, open a new shell and run this again");
  }
  if (!runs("cargo", "--version")) installToolchain();
}

function pinnedToolchain() {
  const pinned = readFileSync(join(root, "rust-toolchain.toml"), "utf8").match(/channel = "([^"]+)"/);
  return pinned?.[1] ?? "stable";
}

// A pinned toolchain that is absent is not always fetched by itself (RUSTUP_AUTO_INSTALL=0).
function installToolchain() {
  const channel = pinnedToolchain();
  console.log(`seawall: installing Rust ${channel} (once)`);
  const args = ["toolchain", "install", channel, "--profile", "minimal", "-c", "rustfmt", "-c", "clippy"];
  const { status } = spawnSync("rustup", [...args, "-t", "wasm32-unknown-unknown"], { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    refuse(`Rust ${channel} could not be installed: run \`rustup toolchain install ${channel}\` and see what it says`);
  }
}

function checkLinker() {
  if (process.platform === "win32") {
    refuse("Windows is supported through WSL: install it with `wsl --install` and run this inside");
  }
  if (!runs("cc", "--version")) {
    const how = process.platform === "darwin" ? "xcode-select --install" : "apt-get install build-essential";
    refuse(`no C compiler was found, which Rust links with: install one (for example \`${how}\`)`);
  }
}

function announceFirstBuild() {
  const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
  if (!existsSync(join(target, "debug", "xtask"))) console.log("seawall: compiling the commands (once)");
}

// npm runs us through a shell, and either may die without passing a signal on.
function stopWithNpm(child) {
  const started = ancestors();
  setInterval(() => ancestors() !== started && child.kill("SIGTERM"), 250).unref();
}

function ancestors() {
  try {
    const shell = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
    const [, npm] = shell.slice(shell.lastIndexOf(")") + 2).split(" ");
    return `${process.ppid} ${npm}`;
  } catch {
    return `${process.ppid}`;
  }
}

function main() {
  checkNode();
  checkRust();
  checkLinker();
  announceFirstBuild();

  const child = spawn("cargo", ["xtask", ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, SEAWALL_PREFLIGHT: "1" },
  });
  // A terminal's Ctrl-C reaches the child as well as us; xtask takes any number of signals for one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event) stopWithNpm(child);
  child.on("error", (error) => refuse(`cargo could not be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

main();
