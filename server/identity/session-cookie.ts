/** The cookie that carries a sign-in's token. */
export const sessionCookie = 'huinong_session'
