/** Repeats a task while the page is looked at, never two at a time. */

export function refreshEvery(interval: number, task: () => Promise<void>): () => void {
  if (interval <= 0) return () => {};
  let running = false;
  const timer = setInterval(async () => {
    if (running || document.hidden) return;
    running = true;
    await task();
    running = false;
  }, interval);
  return () => clearInterval(timer);
}
