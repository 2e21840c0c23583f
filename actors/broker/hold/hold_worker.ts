import { serve } from "../../kernel/serve.ts";
import { holdRole } from "./hold_contract.ts";
import { startPullRequestHoldService } from "./pull_request_hold_service.ts";

serve(holdRole, startPullRequestHoldService);
