// What is usually put together by hand: express, express-rate-limit twice, opossum, http-proxy-middleware, jsonwebtoken.

const express = require("express");
const { rateLimit } = require("express-rate-limit");
const { createProxyMiddleware } = require("http-proxy-middleware");
const { verify } = require("jsonwebtoken");
const CircuitBreaker = require("opossum");
const { Agent } = require("node:http");
const { randomUUID } = require("node:crypto");

const { PORT, UPSTREAM, SECRET } = process.env;
const plenty = { windowMs: 1_000, limit: 1_000_000, standardHeaders: "draft-8", legacyHeaders: false, validate: false };
const proxy = createProxyMiddleware({ target: UPSTREAM, xfwd: true, agent: new Agent({ keepAlive: true, maxSockets: 64 }) });
const passed = (request, response) =>
  new Promise((resolve, reject) => {
    response.once("finish", resolve);
    proxy(request, response, reject);
  });
const breaker = new CircuitBreaker(passed, { timeout: 30_000 });

const app = express();
app.disable("x-powered-by");
app.use((request, response, next) => {
  request.headers["x-request-id"] ??= randomUUID();
  response.setHeader("x-request-id", request.headers["x-request-id"]);
  next();
});
app.use((request, response, next) => {
  try {
    request.user = verify((request.headers.authorization ?? "").replace("Bearer ", ""), SECRET, { algorithms: ["HS256"] }).sub;
    next();
  } catch {
    response.status(401).json({ code: "bad_token" });
  }
});
app.use(rateLimit(plenty));
app.use(rateLimit({ ...plenty, keyGenerator: (request) => request.user }));
app.use((request, response) => breaker.fire(request, response).catch(() => response.headersSent || response.status(503).end()));
app.listen(Number(PORT), "127.0.0.1");
