import { serve } from "../../kernel/serve.ts";
import { scheduleRole } from "./schedule_contract.ts";
import { startScheduleMessageService } from "./schedule_message_service.ts";

serve(scheduleRole, startScheduleMessageService);
