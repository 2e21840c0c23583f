/**
 * A link whose answers a test writes.
 *
 * Owns: what was asked. Never: opens a connection.
 *
 * @module
 */
import { createResponse, type RemotingCommand } from "../../protocol/command.ts";
import type { CallOptions, Link } from "../../actors/client/link.ts";

/** Says what comes of a request: an answer, or what it throws. */
export type Script = (
  address: string,
  request: RemotingCommand,
  options: CallOptions,
) => RemotingCommand | Promise<RemotingCommand>;

/** A link after a script. */
export class ScriptedLink implements Link {
  /** Address and code of each request, in order. */
  readonly asked: { readonly address: string; readonly request: RemotingCommand }[] = [];
  /** What comes of requests; may be replaced. */
  script: Script;

  /** @param script What comes of requests. */
  constructor(script: Script) {
    this.script = script;
  }

  async invoke(address: string, request: RemotingCommand, options: CallOptions): Promise<RemotingCommand> {
    this.asked.push({ address, request });
    return await this.script(address, request, options);
  }

  async oneway(address: string, request: RemotingCommand, options: CallOptions): Promise<void> {
    this.asked.push({ address, request });
    await this.script(address, request, options);
  }

  probe(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * An answer of a send that was stored.
 *
 * @param request The send.
 * @param code Its code; SUCCESS when left out.
 */
export function stored(request: RemotingCommand, code = 0): RemotingCommand {
  return createResponse(request, code, undefined, {
    msgId: "7F00000100002A9F0000000000000000",
    queueId: request.ext["e"] ?? "0",
    queueOffset: "0",
  });
}
