/**
 * The files that `deno publish` would send.
 *
 * Owns: reading them off a dry run. Reads: deno.json, through the dry run. Never: publishes.
 *
 * @module
 */

/**
 * Lists what would be published.
 *
 * @param root Root of the repository, with a slash at its end.
 * @returns Paths from the root, sorted.
 * @throws {Error} When the dry run refuses; its output is in the message.
 */
export async function publishedFiles(root: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot list what would be published:\n${output}`);
  const base = new URL(`file://${root}`).href;
  return [...output.matchAll(/^\s+(file:\/\/\S+) \(/gm)]
    .map((match) => decodeURIComponent((match[1] ?? "").slice(base.length)))
    .sort();
}
