/** For how long the page can do nothing else: the longest gap between two of many quick messages. */

/** The longest block, in milliseconds, while `work` goes on and shortly after. */
export async function longestBlock(work) {
  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  let longest = 0;
  let running = true;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) port2.postMessage(0);
  };
  port2.postMessage(0);
  await work();
  await new Promise((resolve) => setTimeout(resolve, 20));
  running = false;
  port1.close();
  return longest;
}
