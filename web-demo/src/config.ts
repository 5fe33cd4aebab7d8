/** Where the server is and which public key it wants, asked of the server itself. */

export interface DemoConfig {
  url: string;
  anonKey: string;
}

export async function loadConfig(): Promise<DemoConfig> {
  const response = await fetch("/dev/config");
  if (!response.ok) {
    throw new Error(`the server answered ${response.status} to /dev/config; is its development mode on?`);
  }
  return (await response.json()) as DemoConfig;
}
