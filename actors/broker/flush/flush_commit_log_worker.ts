import { serve } from "../../kernel/serve.ts";
import { startFlushCommitLogService } from "./flush_commit_log_service.ts";
import { flushCommitLogRole } from "./flush_contract.ts";

serve(flushCommitLogRole, startFlushCommitLogService);
