/** Set when a release is bundled. */
declare const HUINONG_AGENT_VERSION: string | undefined

/** Version of this code: of a release the one it was bundled as, else that of the installation. */
export const agentVersion = typeof HUINONG_AGENT_VERSION === 'string' ? HUINONG_AGENT_VERSION : '0.1.0'
