import { serve } from "../../kernel/serve.ts";
import { startCleanCommitLogService } from "./clean_commit_log_service.ts";
import { housekeepingRole } from "./housekeeping_contract.ts";

serve(housekeepingRole, startCleanCommitLogService);
