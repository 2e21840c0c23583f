/**
 * The load programs that use Apache's Java client 5.4.0: compiled once, run, their line of JSON read.
 *
 * Owns: the compiled classes, in the folder it is given. Never: reaches beyond loopback.
 */
import { java54Client } from "../../tests/conformance/toolbox.ts";

const SOURCE = new URL("./java/JavaLoad.java", import.meta.url).pathname;

/** How a Java program begins: program, options and class. */
export type JavaCommand = readonly string[];

/**
 * Compiles the programs.
 *
 * @param folder where the classes go
 * @throws {Error} with what the compiler said
 */
export async function javaLoad(folder: string): Promise<JavaCommand> {
  const { command } = await java54Client();
  const classPath = command[command.indexOf("-cp") + 1] ?? "";
  const javac = new Deno.Command("javac", { args: ["-cp", classPath, "-d", folder, SOURCE] });
  const { success, stderr } = await javac.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const quiet = ["-Drocketmq.client.logLevel=ERROR", `-Duser.home=${folder}`];
  return ["java", "-Xms512m", "-Xmx1g", ...quiet, "-cp", `${folder}:${classPath}`, "JavaLoad"];
}

/** A program that has begun: the lines it printed, one by one, and its last. */
export interface RunningProgram {
  /** Settles when a line has come that holds the text. */
  line(text: string): Promise<void>;
  /** Settles at its end with what the last line says. */
  readonly result: Promise<Record<string, number>>;
}

/**
 * Starts a program.
 *
 * @throws {Error} by the result, when it does not end well or prints no JSON at its end
 */
export function startProgram(command: readonly string[]): RunningProgram {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  let output = "";
  const waiting: { text: string; seen: () => void }[] = [];
  const read = async (): Promise<void> => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += chunk;
      for (const { text, seen } of waiting) if (output.includes(text)) seen();
    }
  };
  const result = Promise.all([read(), new Response(child.stderr).text(), child.status]).then(
    ([, errors, { success }]) => {
      if (!success) throw new Error(`${command.join(" ")}: ${output}${errors}`);
      // Apache's client may write a line of its own between ours.
      return JSON.parse(output.split("\n").findLast((line) => line.startsWith("{")) ?? "{}");
    },
  );
  return {
    result,
    line: (text) =>
      Promise.race([
        new Promise<void>((seen) => {
          waiting.push({ text, seen });
          if (output.includes(text)) seen();
        }),
        result.then(() => {}),
      ]),
  };
}
