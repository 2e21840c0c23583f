/** Worker of PullMessageService. */
import { serve } from "../kernel/serve.ts";
import { pullRole, pullStart } from "./pull_service.ts";

serve(pullRole, pullStart());
