import { serve } from "../../kernel/serve.ts";
import { startCommitRealTimeService } from "./commit_real_time_service.ts";
import { commitRealTimeRole } from "./flush_contract.ts";

serve(commitRealTimeRole, startCommitRealTimeService);
