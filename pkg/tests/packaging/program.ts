/** A program of the project's that serves until it is stopped. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { PROJECT } from "./application.js";

export interface Program {
  readonly port: number;
  log(): string;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 60_000;

/** Starts it in a folder of the project and waits until it has printed its port, as `pattern` finds it. */
export async function startProgram(name: string, words: string[], folder: string, pattern: RegExp, env: Record<string, string> = {}): Promise<Program> {
  const child = spawn(join(PROJECT, "node_modules/.bin", name), words, {
    cwd: join(PROJECT, folder),
    env: { ...process.env, NO_COLOR: "1", CI: "1", NEXT_TELEMETRY_DISABLED: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: what it starts ends with it.
    detached: true,
  });
  let log = "";
  const port = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not start:\n${log}`)), START_LIMIT_MS);
    const read = (chunk: Buffer): void => {
      log += chunk;
      const found = log.match(pattern);
      if (found) {
        clearTimeout(timer);
        resolve(Number(found[1]));
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${name} ended with ${code}:\n${log}`)));
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    process.kill(-child.pid, "SIGKILL");
    await once(child, "exit");
  };
  try {
    return { port: await port, log: () => log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
