// Sentences for refusals that only the administration can meet: by code, each saying what to do.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

const chinese: Readonly<Record<string, string>> = {
  'payout.unknown': '没有这一批。请回到兑付列表。',
  'payout.state_wrong': '这一批的状态已经变了。请刷新页面。',
  'payout.draft_unfinished': '预览还没有算完。请先点“接着计算”。',
  'payout.empty': '这一批没有可付的户。请看“未列入”里的原因。',
  'payout.person_has_part': '您在这一批里已经经手过别的事。请换一个人来做。',
  'payout.not_preparer': '只有制单人能提交。请由制单人来做。',
  'payout.not_released': '放行的人数还不够。请再由一个人放行。',
  'payout.notice_running': '公示期还没有到。请到期后再来。',
  'payout.objection_open': '还有异议没有答复。请先答复。',
  'payout.line_unknown': '这一批里没有这一笔。请核对编号。',
  'payout.return_invalid': '回盘文件有错，什么都没有导入。请按下面的行号改正，或请银行重发。',
  'payout.file_changed': '再次生成的文件和交出的不一致，已停止。请联系管理员核对。',
  'payout.nothing_failed': '没有可以再付的笔。',
  'payout.verification_open': '抽中的农户还没有全部确认到账。请先登记核实结果。',
  'payout.profile_unknown': '没有这个银行格式。请换一个。',
  'payee_account.same_person': '登记的人不能自己确认。请换一个人来确认。',
  'payee_account.taken': '这个账号已是别户的收款账户。请核对。',
  'organisation.unknown': '没有这个组织。请回到列表。',
  'organisation.charter_missing': '那一天没有生效的章程。请先起草并批准章程。',
  'organisation.charter_same_person': '起草章程的人不能批准。请换一个人。',
  'organisation.name_taken': '已有同名的组织。请换一个名称。',
  'distribution.impossible': '这样分不了。请看下面的说明后改正。',
  'distribution.template_unfit': '这类组织不能用这种分配方式。请换一种。',
  'distribution.period_taken': '这段时间已经分过或正在分。请改期间，或先撤回原方案。',
  'distribution.move_impossible': '方案的状态已经变了。请刷新页面。',
  'distribution.notice_too_short': '成员看方案的天数不够。请把开会日期往后推。',
  'distribution.meeting_ahead': '成员大会还没有开。请会后再登记决议。',
  'distribution.resolution_wrong': '票数对不上。请核对到会人数和票数。',
  'distribution.same_person': '制定方案的人不能自己入账。请换一个人。',
  'distribution.not_funded': '组织账上的钱不够分。请先登记收入。',
  'distribution.snapshot_broken': '冻结的名册算不出公示的结果，已停止。请联系管理员。',
  'disclosure.title_reveals': '标题里有像手机号、身份证号或账号的数字。请删去。',
  'write_off.sale_unknown': '没有这笔销售。请核对编号。',
  'write_off.not_owed': '欠款没有这么多。请核对金额。',
  'write_off.not_proposed': '这笔核销已经有了结论。请刷新页面。',
  'write_off.same_person': '提出核销的人不能自己批准。请换一个人。',
  'sales.document_known': '这份文件已经录入。请核对文号。',
  'sales.same_person': '录入的人不能自己批准。请换一个人。',
  'reconciliation.same_person': '提出处理的人不能自己批准。请换一个人。',
}
const importEnglish = async () => (await import('./admin-problems-english.ts')).problemsEnglish

/** Codes → sentences, in the language of the moment. */
export const useAdminProblems = createCatalogue<Readonly<Record<string, string>>>(() => chinese, importEnglish).use
