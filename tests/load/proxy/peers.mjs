// Who is measured, each with one worker, each before the same nginx that answers a kilobyte of JSON.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const SECRET = "a secret for the benchmark, long enough to sign with";

const onPath = (process.env.PATH ?? "").split(":").map((folder) => join(folder, "nginx"));
const NGINX = [...onPath, "/usr/sbin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"].find(existsSync);

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export async function startPeers(token) {
  const folder = mkdtempSync(join(tmpdir(), "seawall-bench-"));
  const processes = [];
  const start = (program, words, env = {}) => {
    const child = spawn(program, words, { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "ignore", "inherit"] });
    child.once("error", (error) => console.error(`${program} cannot be started: ${error.message}`));
    processes.push(child);
    return child;
  };
  const stop = async () => {
    const ended = processes.map((child) => (child.pid && child.exitCode === null ? once(child, "exit") : undefined));
    for (const child of processes) if (child.pid) child.kill("SIGTERM");
    // A server that counts what it does (`npm run build:guided`) writes that down when it ends.
    await Promise.race([Promise.all(ended), sleep(5_000, undefined, { ref: false })]);
    for (const child of processes) if (child.pid) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (!NGINX) throw new Error("nginx is needed: it is the upstream too");
    const upstream = await freePort();
    start(NGINX, nginxWords(folder, "upstream", upstreamConfig(upstream)));
    const peers = [await seawall(start, upstream), await nginx(start, folder, upstream)];
    if (process.env.ENVOY_BINARY) peers.push(await envoy(start, folder, upstream));
    else console.log("Envoy is not here: its row is left out");
    if (process.env.BENCH_STACK) peers.push(await nodeStack(start, folder, upstream));
    for (const peer of peers) await ready(peer.port, token);
    return { peers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ready(port, token) {
  let last = "nothing";
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/rest/v1/rooms`, { headers: { authorization: `Bearer ${token}` } }).catch((error) => error);
    if (answer.ok) return;
    last = answer.status ?? answer.cause?.code;
    await sleep(50);
  }
  throw new Error(`port ${port} does not answer: ${last}`);
}

const of = (child) => () => [child.pid];

async function seawall(start, upstream) {
  const port = await freePort();
  const plenty = { limit: 10_000, window: 100 };
  const child = start(process.env.SEAWALL_BINARY, ["serve"], {
    SEAWALL_LISTEN: `127.0.0.1:${port}`,
    SEAWALL_UPSTREAM_REST_URL: `http://127.0.0.1:${upstream}/rest/v1`,
    SEAWALL_POLICY: JSON.stringify({ limits: { ip: plenty, reads: plenty } }),
    SEAWALL_TIERS: JSON.stringify({ bench: { "general-limit": 10_000, "general-window": 100 } }),
    SEAWALL_LOG_LEVEL: "error",
    JWT_SECRET: SECRET,
    TOKIO_WORKER_THREADS: "1",
  });
  return { name: "seawall", does: "JWT, 3 limits, breaker, headers, metrics", port, pids: of(child) };
}

function nginxWords(folder, name, config) {
  const own = join(folder, name);
  mkdirSync(own);
  writeFileSync(join(own, "nginx.conf"), config);
  return ["-p", own, "-c", join(own, "nginx.conf"), "-e", join(own, "error.log")];
}

const nginxHead = `daemon off; master_process off; pid nginx.pid; worker_rlimit_nofile 4096; events { worker_connections 1024; }`;
const nginxPaths = `client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi; access_log off;`;

function upstreamConfig(port) {
  const rows = JSON.stringify(Array.from({ length: 16 }, (_, id) => ({ id, name: `room number ${id}`, open: true, about: "a room" })));
  return `${nginxHead} http { ${nginxPaths} keepalive_requests 10000000; server { listen 127.0.0.1:${port};
    location / { default_type application/json; return 200 '${rows}'; } } }`;
}

async function nginx(start, folder, upstream) {
  const port = await freePort();
  const config = `${nginxHead} http { ${nginxPaths} keepalive_requests 10000000;
    limit_req_zone $binary_remote_addr zone=address:10m rate=1000000r/s;
    limit_req_zone $http_authorization zone=user:10m rate=1000000r/s;
    upstream up { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 10000000; }
    server { listen 127.0.0.1:${port}; location / {
      limit_req zone=address burst=100000 nodelay; limit_req zone=user burst=100000 nodelay;
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id; add_header X-Request-Id $request_id; } } }`;
  const child = start(NGINX, nginxWords(folder, "nginx", config));
  return { name: "nginx", does: "2 limits, headers; no JWT", port, pids: of(child) };
}

async function envoy(start, folder, upstream) {
  const port = await freePort();
  const jwks = JSON.stringify({ keys: [{ kty: "oct", kid: "bench", alg: "HS256", k: Buffer.from(SECRET).toString("base64url") }] });
  const typed = (type, rest) => ({ "@type": `type.googleapis.com/envoy.extensions.filters.http.${type}`, ...rest });
  const limit = (prefix) => ({
    name: `envoy.filters.http.local_ratelimit.${prefix}`,
    typed_config: typed("local_ratelimit.v3.LocalRateLimit", {
      stat_prefix: prefix,
      token_bucket: { max_tokens: 1_000_000, tokens_per_fill: 1_000_000, fill_interval: "1s" },
      filter_enabled: { default_value: { numerator: 100, denominator: "HUNDRED" } },
      filter_enforced: { default_value: { numerator: 100, denominator: "HUNDRED" } },
    }),
  });
  const filters = [
    {
      name: "envoy.filters.http.jwt_authn",
      typed_config: typed("jwt_authn.v3.JwtAuthentication", {
        providers: { bench: { issuer: "bench", local_jwks: { inline_string: jwks }, jwt_cache_config: { jwt_cache_size: 100 }, forward: true } },
        rules: [{ match: { prefix: "/" }, requires: { provider_name: "bench" } }],
      }),
    },
    limit("address"),
    limit("user"),
    { name: "envoy.filters.http.router", typed_config: typed("router.v3.Router", {}) },
  ];
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "bench",
    use_remote_address: true,
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "up" } }] }] },
    http_filters: filters,
  };
  const socket = (number) => ({ socket_address: { address: "127.0.0.1", port_value: number } });
  const config = {
    static_resources: {
      listeners: [{ address: socket(port), filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }] }],
      clusters: [
        {
          name: "up",
          type: "STATIC",
          outlier_detection: { consecutive_5xx: 5 },
          load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(upstream) } }] }] },
        },
      ],
    },
  };
  const path = join(folder, "envoy.json");
  writeFileSync(path, JSON.stringify(config));
  const child = start(process.env.ENVOY_BINARY, ["-c", path, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"]);
  return { name: "envoy", does: "JWT, 2 limits, outlier detection, headers", port, pids: of(child) };
}

async function nodeStack(start, folder, upstream) {
  const port = await freePort();
  const path = join(process.env.BENCH_STACK, "stack.cjs");
  writeFileSync(path, readFileSync(new URL("./stack.cjs", import.meta.url)));
  const child = start(process.execPath, [path], { PORT: String(port), UPSTREAM: `http://127.0.0.1:${upstream}`, SECRET, NODE_ENV: "production" });
  return { name: "node", does: "JWT, 2 limits, breaker, headers", port, pids: of(child) };
}
