const { searchParams } = new URL(location);
const backend = searchParams.get("backend");

switch (searchParams.get("kind")) {
  case "dedicated": {
    const worker = new Worker(new URL("./dedicated-worker.js", import.meta.url), { type: "module" });
    worker.postMessage({ backend });
    break;
  }
  case "shared": {
    const worker = new SharedWorker(new URL("./shared-worker.js", import.meta.url), { type: "module" });
    worker.port.postMessage({ backend });
    break;
  }
  case "service": {
    await navigator.serviceWorker.register("service-worker.js", { scope: "./" });
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage({ backend });
  }
}
