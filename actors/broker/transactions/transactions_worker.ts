import { serve } from "../../kernel/serve.ts";
import { transactionsRole } from "./transactions_contract.ts";
import { startTransactionalMessageService } from "./transactional_message_service.ts";

serve(transactionsRole, startTransactionalMessageService);
