using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "application", worker = .application),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "application")],
);

const application :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "bundle.js")],
  compatibilityDate = "2026-10-01",
);
