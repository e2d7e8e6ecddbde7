// All lines of a notice, as its page and its file have them.
import type { Database } from '#server/db/database.ts'
import { type NoticeLineView, readNoticeLines } from '#server/disclosure/show-notices.ts'

export async function allNoticeLines(database: Database, noticeId: string): Promise<NoticeLineView[]> {
  const lines: NoticeLineView[] = []
  for await (const page of readNoticeLines(database, noticeId)) lines.push(...page)
  return lines
}
