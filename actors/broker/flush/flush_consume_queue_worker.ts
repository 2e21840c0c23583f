import { serve } from "../../kernel/serve.ts";
import { startFlushConsumeQueueService } from "./flush_consume_queue_service.ts";
import { flushConsumeQueueRole } from "./flush_contract.ts";

serve(flushConsumeQueueRole, startFlushConsumeQueueService);
