/**
 * Name of the cookie that carries a sign-in's token. Over https it has the prefix with which browsers keep it to this host and
 * path; over plain http they would not take it.
 */
export const sessionCookieOf = ({ isHttps }: { readonly isHttps: boolean }) =>
  isHttps ? '__Host-huinong_session' : 'huinong_session'
