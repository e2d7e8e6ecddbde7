// Which language the page speaks and which word it uses for the programme. Chinese first; the choice is kept in the
// browser. The word is 扶贫 (2020) or 帮扶 (later), set by the `huinong-wording` meta element of the page.
import { ref, watch, type Ref } from 'vue'

export type Locale = 'zh' | 'en'

export interface Words {
  /** 扶贫 or 帮扶. */
  readonly relief: string
  readonly reliefEnglish: string
  /** 贫困户 or 帮扶农户: the households the programme serves. */
  readonly household: string
}

const wordings = {
  relief: { relief: '扶贫', reliefEnglish: 'poverty-relief', household: '贫困户' },
  support: { relief: '帮扶', reliefEnglish: 'rural-support', household: '帮扶农户' },
} as const satisfies Record<string, Words>

/** Reads the page's wording; 帮扶 when it says nothing known. */
export function readWords(document: Document): Words {
  const name = document.querySelector('meta[name="huinong-wording"]')?.getAttribute('content')
  return name === 'relief' ? wordings.relief : wordings.support
}

const storageKey = 'huinong.locale'

export function createLocale(window: Window): Ref<Locale> {
  const asked = new URLSearchParams(window.location.search).get('lang')
  const stored = asked ?? readStored(window)
  const locale = ref<Locale>(stored === 'en' ? 'en' : 'zh')
  const tell = (value: Locale) => {
    window.document.documentElement.lang = value === 'zh' ? 'zh-CN' : 'en'
  }
  const keep = (value: Locale) => {
    try {
      window.localStorage.setItem(storageKey, value)
    } catch {
      // A private window may refuse to store; the choice then lasts for this visit.
    }
  }
  tell(locale.value)
  // What is stored already is not stored again: that is a wait on a phone that has just begun.
  if (asked !== null) keep(locale.value)
  watch(locale, (value) => {
    tell(value)
    keep(value)
  })
  return locale
}

function readStored(window: Window): string | null {
  try {
    return window.localStorage.getItem(storageKey)
  } catch {
    return null
  }
}
