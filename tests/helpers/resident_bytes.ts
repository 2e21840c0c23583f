/**
 * Resident memory of a process. /proc is read through a shell: Deno itself may read it with all permissions only.
 *
 * @module
 */

/**
 * How much memory a process has resident.
 *
 * @param pid The process.
 * @returns Bytes; 0 when it has ended.
 */
export function residentBytesOf(pid: number): number {
  const script = 'while read -r name value unit; do [ "$name" = VmRSS: ] && echo "$value"; done <"/proc/$1/status"';
  const { stdout } = new Deno.Command("sh", { args: ["-c", script, "sh", String(pid)] }).outputSync();
  return Number(new TextDecoder().decode(stdout)) * 1024;
}
