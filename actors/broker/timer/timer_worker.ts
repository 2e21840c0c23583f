import { serve } from "../../kernel/serve.ts";
import { timerRole } from "./timer_contract.ts";
import { startTimerMessageService } from "./timer_message_service.ts";

serve(timerRole, startTimerMessageService);
