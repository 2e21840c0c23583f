/**
 * The ends of Apache's remarks that lead a reader to its pages. Clients print them, some tests look for them.
 *
 * Source: apache/rocketmq common FAQUrl
 */
const PAGE = "https://rocketmq.apache.org/docs/bestPractice/06FAQ";

/** The end of a remark: where to read on. */
export function suggestTodo(): string {
  return `\nSee ${PAGE} for further details.`;
}
